import type { z } from 'zod';
import type { Actor } from '../../access/actor.js';
import { visibleWorkspaces } from '../../access/visibility.js';
import { type DataSource, secretStates } from '../../catalog/sources/data-source.js';
import { getSource, listSources } from '../../catalog/sources/read-sources.js';
import { createSource, deleteSource, updateSource } from '../../catalog/sources/write-sources.js';
import { connectorSpec } from '../../connectors/registry.js';
import { readConnectionUrl, sourceType } from '../connection-url.js';
import type { ApiContext } from '../context.js';
import { permitted } from '../permitted.js';
import { inBodysWorkspace, onWorkspaceOf, type Route, route, visible } from '../route.js';
import {
  dataSourceListQuery,
  dataSourcePageSchema,
  dataSourcePatchSchema,
  dataSourceSchema,
  newDataSourceSchema,
} from '../schemas/data-sources.js';
import { uuidParams } from '../schemas/lists.js';

const find = ({ database }: ApiContext, { id }: { id: string }) => getSource(database, id);
const tag = 'Data sources';

export const dataSourceRoutes: Route[] = [
  route({
    method: 'get',
    path: '/data-sources',
    tag,
    summary: 'List data sources',
    access: visible,
    query: dataSourceListQuery,
    reply: { status: 200, description: 'A page of data sources, by name.', body: dataSourcePageSchema },
    handle: async ({ database }, { actor, query: { q, cursor, limit, ...filters } }) => {
      const page = await listSources(database, {
        visible: visibleWorkspaces(actor),
        filters: { ...filters, text: q },
        cursor,
        limit,
      });
      return { body: { ...page, items: page.items.map((source) => presentSource(source, actor)) } };
    },
  }),
  route({
    method: 'post',
    path: '/data-sources',
    tag,
    summary: 'Create a data source',
    description:
      'From `type`, `config` and credentials, or from a connection `url`. Credentials are sealed, and no answer has them.',
    access: inBodysWorkspace('source.write'),
    audit: 'source.create',
    body: newDataSourceSchema,
    idempotent: true,
    reply: { status: 201, description: 'The data source.', body: dataSourceSchema },
    problems: ['NAME_TAKEN'],
    handle: async ({ database, secretKey }, { actor, body: { url, type, config, secrets, ...rest } }) => {
      const parts =
        url === undefined
          ? { spec: sourceType(type ?? ''), config, secrets: secrets ?? {} }
          : withSecrets(readConnectionUrl(url, type), secrets);
      const source = await createSource(
        database,
        { secretKey, type: parts.spec },
        { ...rest, config: parts.config, secrets: parts.secrets, createdBy: actor.personId },
      );
      return {
        body: presentSource(source, actor),
        version: source.version,
        headers: { Location: `/api/v1/data-sources/${source.id}` },
      };
    },
  }),
  route({
    method: 'get',
    path: '/data-sources/:id',
    tag,
    summary: 'Read a data source',
    access: onWorkspaceOf('source.read', 'data source', find),
    params: uuidParams,
    reply: { status: 200, description: 'The data source, without its credentials.', body: dataSourceSchema },
    handle: async (_context, { actor, target }) => ({
      body: presentSource(target, actor),
      version: target.version,
    }),
  }),
  route({
    method: 'patch',
    path: '/data-sources/:id',
    tag,
    summary: 'Change a data source',
    access: onWorkspaceOf('source.write', 'data source', find),
    audit: 'source.edit',
    params: uuidParams,
    body: dataSourcePatchSchema,
    edits: (_context, { target, actor }) => presentSource(target, actor),
    reply: { status: 200, description: 'The data source as it is now.', body: dataSourceSchema },
    problems: ['NAME_TAKEN', 'CYCLE_NEEDS_PRODUCTION'],
    handle: async ({ database, secretKey }, { actor, params, body, target }) => {
      const source = await updateSource(database, { secretKey, type: sourceType(target.type) }, params.id, {
        ...body,
        version: target.version,
      });
      return { body: presentSource(source, actor), version: source.version };
    },
  }),
  route({
    method: 'delete',
    path: '/data-sources/:id',
    tag,
    summary: 'Delete a data source',
    description: 'Refused while crawlers collect it; `crawlers` names them.',
    access: onWorkspaceOf('source.delete', 'data source', find),
    audit: 'source.delete',
    params: uuidParams,
    reply: { status: 204, description: 'It is gone.' },
    problems: ['SOURCE_IN_USE'],
    handle: async ({ database }, { params }) => {
      await deleteSource(database, params.id);
      return { body: undefined };
    },
  }),
];

/** Credentials given apart win over those in the URL. */
function withSecrets<Parts extends { secrets: Record<string, string> }>(
  parts: Parts,
  secrets: Record<string, string> | undefined,
): Parts {
  return { ...parts, secrets: { ...parts.secrets, ...secrets } };
}

function presentSource(source: DataSource, actor: Actor): z.input<typeof dataSourceSchema> {
  return {
    ...source,
    secrets: secretStates(connectorSpec(source.type)?.secrets ?? [], source),
    ...permitted(actor, source.workspaceId, { edit: 'source.write', delete: 'source.delete', test: 'source.test' }),
  };
}
