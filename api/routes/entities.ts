import { z } from 'zod';
import type { Actor } from '../../access/actor.js';
import { visiblePredicate, visibleWorkspaces } from '../../access/visibility.js';
import { getEntity } from '../../catalog/entities/entity.js';
import { type EntityPage, getEntityPage } from '../../catalog/entities/entity-page.js';
import { type EntityFilter, listEntities } from '../../catalog/entities/list-entities.js';
import { listTombstones } from '../../catalog/entities/list-tombstones.js';
import { recordOpen } from '../../catalog/entities/record-open.js';
import { restoreEntity } from '../../catalog/removals/restore-entity.js';
import { sourceGaps } from '../../connectors/registry.js';
import type { ApiContext } from '../context.js';
import { qualifiedName } from '../qualified-name.js';
import { onWorkspaceOf, type Route, route, visible } from '../route.js';
import { entityListQuery, entityPageSchema, entitySchema } from '../schemas/entities.js';
import { decimalParams } from '../schemas/lists.js';

const tag = 'Map';

export const entityRoutes: Route[] = [
  route({
    method: 'get',
    path: '/entities',
    tag,
    summary: 'List what is on the map, or read one entity by its guid',
    description:
      'Databases of all sources; with `databaseId` the tables, or schemas, of one. With `guid` the answer is that entity ' +
      'instead of a list: the living one where there is one, else the last that was removed. With `removed=true` ' +
      'what was removed and can be restored, the last first, of your workspaces.',
    access: visible,
    query: entityListQuery,
    reply: {
      status: 200,
      description: 'A page of entities by schema and name, or the entity of the guid.',
      body: z.union([entitySchema, entityPageSchema]),
    },
    handle: async (context, { actor, query: { guid, removed, cursor, limit, ...filter } }) => {
      const { database } = context;
      const seen = visiblePredicate(actor);
      if (guid !== undefined) return { body: await readPage(context, actor, { guid }) };
      if (removed === true) {
        const page = await listTombstones(database, filter, { cursor, limit }, visibleWorkspaces(actor));
        return { body: { ...page, items: page.items.map(withQualifiedName) } };
      }
      const page = await listEntities(database, toFilter(filter), { cursor, limit }, seen);
      return { body: { ...page, items: page.items.map(withQualifiedName) } };
    },
  }),
  route({
    method: 'get',
    path: '/entities/:id',
    tag,
    summary: 'Read a database, schema or table',
    access: visible,
    params: decimalParams,
    reply: { status: 200, description: 'The entity, also one that its source no longer has.', body: entitySchema },
    handle: async (context, { actor, params }) => ({ body: await readPage(context, actor, params) }),
  }),
  route({
    method: 'post',
    path: '/entities/:id/restore',
    tag,
    summary: 'Put back what was removed',
    description:
      'With its versions and descriptions, and its schema where that is gone too. It stays until the next complete listing ' +
      'that does not show it.',
    access: onWorkspaceOf('entity.restore', 'entity', async ({ database }, { id }: { id: string }, actor) => {
      const { workspace } = await getEntity(database, { id }, visiblePredicate(actor));
      return { workspaceId: workspace.id };
    }),
    audit: 'entity.restore',
    changesSearch: true,
    params: decimalParams,
    reply: { status: 200, description: 'The entity, on the map again.', body: entitySchema },
    problems: ['NOT_REMOVED', 'PLACE_TAKEN', 'DATABASE_BUSY'],
    handle: async ({ database }, { actor, params }) => {
      await restoreEntity(database, params.id);
      return { body: shown(await getEntityPage(database, params, actor.personId, visiblePredicate(actor))) };
    },
  }),
];

/** Reads an entity for somebody who opens it; the view counts already in what is answered. */
async function readPage({ database, log }: ApiContext, actor: Actor, which: { id: string } | { guid: string }) {
  const page = await getEntityPage(database, which, actor.personId, visiblePredicate(actor));
  if (page.openedToday) return shown(page);
  // The page is read all the same where it cannot be counted.
  const counted = await recordOpen(database, actor.personId, page.id).catch((error: unknown) => {
    log.warn({ err: error }, 'An opened page could not be counted');
    return false;
  });
  const { today, last30Days } = page.views;
  return shown(counted ? { ...page, views: { today: today + 1, last30Days: last30Days + 1 } } : page);
}

function shown(page: EntityPage) {
  return { ...withQualifiedName(page), gaps: sourceGaps(page.sourceType) };
}

function toFilter({
  kind,
  databaseId,
  schema,
  ...filter
}: Omit<z.output<typeof entityListQuery>, 'guid' | 'removed' | 'cursor' | 'limit'>): EntityFilter {
  if (databaseId === undefined) return { kind: 'database', ...filter };
  return { kind: kind === 'schema' ? 'schema' : 'table', databaseId, ...(schema === undefined ? {} : { schema }) };
}

function withQualifiedName<Entity extends Parameters<typeof qualifiedName>[0]>(
  entity: Entity,
): Entity & { qualifiedName: string } {
  return { ...entity, qualifiedName: qualifiedName(entity) };
}
