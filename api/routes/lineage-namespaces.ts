import { getSource } from '../../catalog/sources/read-sources.js';
import { addNamespace, listNamespaces, removeNamespace } from '../../lineage/events/source-namespaces.js';
import type { ApiContext } from '../context.js';
import { nudgeLineage } from '../nudge.js';
import { onWorkspaceOf, type Route, route } from '../route.js';
import { namespaceParams, namespaceSchema, namespacesSchema, newNamespaceSchema } from '../schemas/lineage-events.js';
import { uuidParams } from '../schemas/lists.js';

const find = ({ database }: ApiContext, { id }: { id: string }) => getSource(database, id);
const tag = 'Lineage';
const what = 'data source';

export const lineageNamespaceRoutes: Route[] = [
  route({
    method: 'get',
    path: '/data-sources/:id/lineage-namespaces',
    tag,
    summary: 'List what events call a data source',
    description:
      'The namespaces in which names of events stand for its tables. Those without an id follow from its address.',
    access: onWorkspaceOf('source.read', what, find),
    params: uuidParams,
    reply: { status: 200, description: 'All of them.', body: namespacesSchema },
    handle: async ({ database }, { params }) => ({ body: { items: await listNamespaces(database, params.id) } }),
  }),
  route({
    method: 'post',
    path: '/data-sources/:id/lineage-namespaces',
    tag,
    summary: 'Let a namespace of events mean a data source',
    description:
      'For emitters that reach the server by another name, or call it by one of their own. It holds for events of the ' +
      'workspace and of the whole tenant, also for those that came before.',
    access: onWorkspaceOf('source.write', what, find),
    audit: 'source.name',
    params: uuidParams,
    body: newNamespaceSchema,
    idempotent: true,
    reply: {
      status: 201,
      description: 'The namespace, in the spelling in which it is compared.',
      body: namespaceSchema,
    },
    problems: ['NAME_TAKEN'],
    handle: async (context, { actor, target, body }) => {
      const added = await addNamespace(context.database, target, body.namespace, actor.personId);
      nudgeLineage(context);
      return { body: added };
    },
  }),
  route({
    method: 'delete',
    path: '/data-sources/:id/lineage-namespaces/:namespaceId',
    tag,
    summary: 'Let a namespace no longer mean a data source',
    access: onWorkspaceOf('source.write', what, find),
    audit: 'source.unname',
    params: namespaceParams,
    reply: { status: 204, description: 'Names in it are looked up again, without it.' },
    handle: async (context, { params }) => {
      await removeNamespace(context.database, params.id, params.namespaceId);
      nudgeLineage(context);
      return { body: undefined };
    },
  }),
];
