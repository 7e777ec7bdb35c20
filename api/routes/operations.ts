import { visibleWorkspaces } from '../../access/visibility.js';
import { getOperation, listOperations } from '../../catalog/operations/read-operations.js';
import { onWorkspaceOf, type Route, route, visible } from '../route.js';
import { uuidParams } from '../schemas/lists.js';
import { operationListQuery, operationPageSchema, operationSchema } from '../schemas/operations.js';

const tag = 'Operations';

export const operationRoutes: Route[] = [
  route({
    method: 'get',
    path: '/operations',
    tag,
    summary: 'List operations, newest first',
    description: 'Narrowed scopes and deletions of crawlers, also of crawlers that are gone.',
    access: visible,
    query: operationListQuery,
    reply: { status: 200, description: 'A page of operations.', body: operationPageSchema },
    handle: async ({ database }, { actor, query }) => ({
      body: await listOperations(database, { visible: visibleWorkspaces(actor), ...query }),
    }),
  }),
  route({
    method: 'get',
    path: '/operations/:id',
    tag,
    summary: 'Read an operation',
    access: onWorkspaceOf('crawler.read', 'operation', ({ database }, { id }: { id: string }) =>
      getOperation(database, id),
    ),
    params: uuidParams,
    reply: { status: 200, description: 'The operation, and how far it is.', body: operationSchema },
    handle: async (_context, { target }) => ({ body: target }),
  }),
];
