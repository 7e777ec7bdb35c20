import { visiblePredicate } from '../../access/visibility.js';
import { listRunChanges } from '../../catalog/entities/list-run-changes.js';
import { getRun } from '../../catalog/runs/read-runs.js';
import { qualifiedName } from '../qualified-name.js';
import { onWorkspaceOf, type Route, route } from '../route.js';
import { uuidParams } from '../schemas/lists.js';
import { runChangePageSchema, runChangeQuery } from '../schemas/run-changes.js';

export const runChangeRoutes: Route[] = [
  route({
    method: 'get',
    path: '/runs/:id/changes',
    tag: 'Runs',
    summary: 'List what a run added, changed and removed',
    access: onWorkspaceOf('run.read', 'run', ({ database }, { id }: { id: string }) => getRun(database, id)),
    params: uuidParams,
    query: runChangeQuery,
    reply: { status: 200, description: 'A page of changes.', body: runChangePageSchema },
    handle: async ({ database }, { actor, params, query: { change, ...page } }) => {
      const found = await listRunChanges(database, params.id, { change }, page, visiblePredicate(actor));
      return {
        body: { ...found, items: found.items.map((item) => ({ ...item, qualifiedName: qualifiedName(item) })) },
      };
    },
  }),
];
