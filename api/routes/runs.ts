import type { z } from 'zod';
import type { Actor } from '../../access/actor.js';
import { visibleWorkspaces } from '../../access/visibility.js';
import { getCrawler } from '../../catalog/crawlers/read-crawlers.js';
import { listProblems } from '../../catalog/runs/problems.js';
import { getRun, listRuns, listRunUnits, type RunDetail } from '../../catalog/runs/read-runs.js';
import { retryOf } from '../../catalog/runs/retry-run.js';
import { readRunLog } from '../../catalog/runs/run-log.js';
import { forceStopFrom } from '../../catalog/runs/stop-run.js';
import { throttleRun } from '../../catalog/runs/throttle-run.js';
import type { ApiContext } from '../context.js';
import { describingOf } from '../describing-of.js';
import { forceStopRun } from '../force-stop-run.js';
import { pause, resume } from '../pause-run.js';
import { permitted } from '../permitted.js';
import { Problem } from '../problems.js';
import { isOpen, refuseWhileOpen } from '../refuse-while-open.js';
import { onWorkspaceOf, type Route, route, visible } from '../route.js';
import { pauseSchema, startRunSchema } from '../schemas/crawlers.js';
import { pageQuery, uuidParams } from '../schemas/lists.js';
import {
  runListQuery,
  runLogQuery,
  runLogSchema,
  runPageSchema,
  runProblemPageSchema,
  runSchema,
  runStartedSchema,
  runStoppingSchema,
  runUnitPageSchema,
} from '../schemas/runs.js';
import { throttleSchema } from '../schemas/source-limits.js';
import { startRun } from '../start-run.js';
import { stopRun } from '../stop-run.js';
import { whyWaiting } from '../why-waiting.js';

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
  route({
    method: 'post',
    path: '/runs/:id/pause',
    tag,
    summary: 'Pause an open run',
    description:
      'No database is begun, what is being read rests after the page in work, and its slot is free for others. A Stop works as ever.',
    access: onWorkspaceOf('crawler.run', 'run', find),
    audit: 'run.pause',
    params: uuidParams,
    body: pauseSchema,
    reply: { status: 200, description: 'The run, paused.', body: runSchema },
    problems: ['NO_OPEN_RUN', 'TEMPORAL_UNAVAILABLE'],
    handle: async (context, { actor, target, body }) => {
      await pause(context, target, actor, body.note);
      return { body: await presentRun(context, await getRun(context.database, target.id), actor) };
    },
  }),
  route({
    method: 'post',
    path: '/runs/:id/resume',
    tag,
    summary: 'Let a paused run go on',
    description: 'From the page where it rests.',
    access: onWorkspaceOf('crawler.run', 'run', find),
    audit: 'run.resume',
    params: uuidParams,
    reply: { status: 200, description: 'The run.', body: runSchema },
    problems: ['NO_OPEN_RUN', 'TEMPORAL_UNAVAILABLE'],
    handle: async (context, { actor, target }) => {
      await resume(context, target, actor);
      return { body: await presentRun(context, await getRun(context.database, target.id), actor) };
    },
  }),
  route({
    method: 'post',
    path: '/runs/:id/throttle',
    tag,
    summary: 'Hold an open run to less',
    description:
      'To fewer databases at once or fewer queries a second, within a few seconds. A database that is over the number rests after the page in work.',
    access: onWorkspaceOf('crawler.run', 'run', find),
    audit: 'run.throttle',
    params: uuidParams,
    body: throttleSchema,
    reply: { status: 200, description: 'The run, with its throttle.', body: runSchema },
    problems: ['NO_OPEN_RUN'],
    handle: async (context, { actor, target, body }) => {
      if ((await throttleRun(context.database, target.id, body, actor)) === undefined)
        throw new Problem(
          'NO_OPEN_RUN',
          `Run ${target.number} is ${target.status}; only an open run can be throttled.`,
          {
            remedy: 'Limits of the data source hold for every run.',
          },
        );
      return { body: await presentRun(context, await getRun(context.database, target.id), actor) };
    },
  }),
  route({
    method: 'post',
    path: '/runs/:id/force-stop',
    tag,
    summary: 'End a run that does not confirm its Stop',
    description: 'Possible a minute after the Stop: see `forceStopFrom`. What the run had published stays.',
    access: onWorkspaceOf('crawler.run', 'run', find),
    audit: 'run.force-stop',
    params: uuidParams,
    reply: { status: 200, description: 'The run, terminated.', body: runSchema },
    problems: ['NOT_STOPPING', 'FORCE_STOP_TOO_EARLY', 'TEMPORAL_UNAVAILABLE'],
    handle: async (context, { actor, target }) => {
      await forceStopRun(context, target, actor);
      return { body: await presentRun(context, await getRun(context.database, target.id), actor) };
    },
  }),
  route({
    method: 'post',
    path: '/runs/:id/retry',
    tag,
    summary: 'Collect again what a run did not collect whole',
    description:
      'A run of its own, with the databases that failed, were stopped, or were collected in part, unless a later run has collected them since.',
    access: onWorkspaceOf('crawler.run', 'run', find),
    audit: 'run.retry',
    params: uuidParams,
    body: startRunSchema,
    idempotent: true,
    reply: { status: 202, description: 'The retry is on its way.', body: runStartedSchema },
    problems: [
      'RUN_OPEN',
      'QUIET_HOURS',
      'NOTHING_TO_RETRY',
      'RESOURCE_GROUP_WITHOUT_WORKER',
      'CRAWLER_DELETING',
      'TEMPORAL_UNAVAILABLE',
    ],
    handle: async (context, { actor, target, body }) => {
      await refuseWithoutFailures(context, target);
      const crawler = await getCrawler(context.database, target.crawlerId);
      const run = await startRun(context, crawler, actor, {
        ...body,
        of: { runId: target.id, trigger: 'retry' },
      });
      return { body: run, headers: { Location: `/api/v1/runs/${run.runId}` } };
    },
  }),
];

async function refuseWithoutFailures({ database }: ApiContext, run: RunDetail): Promise<void> {
  refuseWhileOpen(run, 'what fails of it is known when it has ended');
  if (run.trigger === 'plan' || run.trigger === 'revert' || run.trigger === 'refresh')
    throw new Problem('NOTHING_TO_RETRY', `Run ${run.number} was not started to collect: it is a ${run.trigger}.`, {
      remedy: { plan: 'Plan again.', revert: 'Revert the run again.', refresh: 'Refresh the tables again.' }[
        run.trigger
      ],
    });
  const { databases, all } = await retryOf(database, run.id);
  if (databases === 0 && !all)
    throw new Problem('NOTHING_TO_RETRY', `Nothing of run ${run.number} is left to retry.`, {
      remedy: 'It collected everything, or a later run has since. Run the crawler to collect its whole scope.',
    });
}

async function presentRun(context: ApiContext, run: RunDetail, actor: Actor): Promise<z.input<typeof runSchema>> {
  const forced = await forceStopFrom(context.database, run.id);
  return {
    ...run,
    waiting: await whyWaiting(context, run),
    forceStopFrom: forced === null ? null : forced.from,
    problems: run.counts.problems ?? 0,
    describing: await describingOf(context, run),
    ...permitted(actor, run.workspaceId, { stop: 'crawler.run' }),
  };
}
