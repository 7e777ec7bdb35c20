import type { z } from 'zod';
import type { Actor } from '../../access/actor.js';
import { visibleWorkspaces } from '../../access/visibility.js';
import { liveWorkers } from '../../catalog/groups/workers.js';
import { listProblems } from '../../catalog/runs/problems.js';
import { getRun, listRuns, listRunUnits, type RunDetail } from '../../catalog/runs/read-runs.js';
import { readRunLog } from '../../catalog/runs/run-log.js';
import { OPEN_STATUSES } from '../../catalog/runs/run-state.js';
import type { ApiContext } from '../context.js';
import { permitted } from '../permitted.js';
import { Problem } from '../problems.js';
import { onWorkspaceOf, type Route, route, visible } from '../route.js';
import { pageQuery, uuidParams } from '../schemas/lists.js';
import {
  runListQuery,
  runLogQuery,
  runLogSchema,
  runPageSchema,
  runProblemPageSchema,
  runSchema,
  runStoppingSchema,
  runUnitPageSchema,
} from '../schemas/runs.js';
import { stopRun } from '../stop-run.js';
import { withoutWorker } from '../without-worker.js';

const find = ({ database }: ApiContext, { id }: { id: string }) => getRun(database, id);
const readable = onWorkspaceOf('run.read', 'run', find);
const tag = 'Runs';

export const runRoutes: Route[] = [
  route({
    method: 'get',
    path: '/runs',
    tag,
    summary: 'List runs, newest first',
    access: visible,
    query: runListQuery,
    reply: { status: 200, description: 'A page of runs.', body: runPageSchema },
    handle: async ({ database }, { actor, query: { cursor, limit, ...filters } }) => ({
      body: await listRuns(database, { visible: visibleWorkspaces(actor), filters, cursor, limit }),
    }),
  }),
  route({
    method: 'get',
    path: '/runs/:id',
    tag,
    summary: 'Read a run',
    access: readable,
    params: uuidParams,
    reply: { status: 200, description: 'The run, and how far it is.', body: runSchema },
    handle: async (context, { actor, target }) => ({ body: await presentRun(context, target, actor) }),
  }),
  route({
    method: 'get',
    path: '/runs/:id/units',
    tag,
    summary: 'List the databases of a run',
    access: readable,
    params: uuidParams,
    query: pageQuery,
    reply: { status: 200, description: 'A page of units, in order.', body: runUnitPageSchema },
    handle: async ({ database }, { params, query }) => ({ body: await listRunUnits(database, params.id, query) }),
  }),
  route({
    method: 'get',
    path: '/runs/:id/log',
    tag,
    summary: "Read a run's log",
    description: 'By cursor, forward or backward. To follow an open run, ask again with `nextCursor`.',
    access: readable,
    params: uuidParams,
    query: runLogQuery,
    reply: { status: 200, description: 'Lines, oldest first.', body: runLogSchema },
    handle: async ({ database }, { params, query: { q, ...filter }, target }) => ({
      body: { ...(await readRunLog(database, params.id, { ...filter, text: q })), open: isOpen(target) },
    }),
  }),
  route({
    method: 'get',
    path: '/runs/:id/problems',
    tag,
    summary: 'List what a run could not read',
    access: readable,
    params: uuidParams,
    query: pageQuery,
    reply: { status: 200, description: 'A page of problems.', body: runProblemPageSchema },
    handle: async ({ database }, { params, query }) => ({ body: await listProblems(database, params.id, query) }),
  }),
  route({
    method: 'post',
    path: '/runs/:id/stop',
    tag,
    summary: 'Stop a run',
    access: onWorkspaceOf('crawler.run', 'run', find),
    audit: 'run.stop',
    params: uuidParams,
    reply: { status: 202, description: 'The run was asked to stop.', body: runStoppingSchema },
    problems: ['NO_OPEN_RUN', 'TEMPORAL_UNAVAILABLE'],
    handle: async (context, { actor, target }) => {
      // The engine knows crawls by crawler: without this check an old run's id would stop a newer run.
      if (!isOpen(target))
        throw new Problem('NO_OPEN_RUN', `Run ${target.number} has ended already: it is ${target.status}.`, {
          remedy: 'Nothing needs to be stopped.',
        });
      return { body: await stopRun(context, target.crawlerId, actor) };
    },
  }),
];

const isOpen = (run: RunDetail) => (OPEN_STATUSES as readonly string[]).includes(run.status);

async function presentRun(context: ApiContext, run: RunDetail, actor: Actor): Promise<z.input<typeof runSchema>> {
  const group = isOpen(run) ? run.resourceGroupId : null;
  const waits = group !== null && (await liveWorkers(context.database, group)).length === 0;
  return {
    ...run,
    waiting: waits ? withoutWorker(group) : null,
    problems: run.counts.problems ?? 0,
    ...permitted(actor, run.workspaceId, { stop: 'crawler.run' }),
  };
}
