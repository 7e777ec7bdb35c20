import { planInWords } from '../../catalog/crawlers/plan-in-words.js';
import { getCrawler } from '../../catalog/crawlers/read-crawlers.js';
import type { ApiContext } from '../context.js';
import { onWorkspaceOf, type Route, route, signedIn } from '../route.js';
import { previewRequestSchema, previewSchema, startRunSchema } from '../schemas/crawlers.js';
import { uuidParams } from '../schemas/lists.js';
import { runStartedSchema, runStoppingSchema } from '../schemas/runs.js';
import { startRun } from '../start-run.js';
import { stopRun } from '../stop-run.js';

const find = ({ database }: ApiContext, { id }: { id: string }) => getCrawler(database, id);
const tag = 'Crawlers';

export const crawlerRunRoutes: Route[] = [
  route({
    method: 'post',
    path: '/crawlers/:id/runs',
    tag,
    summary: 'Run a crawler now',
    access: onWorkspaceOf('crawler.run', 'crawler', find),
    audit: 'crawler.run',
    params: uuidParams,
    body: startRunSchema,
    idempotent: true,
    reply: { status: 202, description: 'The run is on its way.', body: runStartedSchema },
    problems: ['RUN_OPEN', 'QUIET_HOURS', 'RESOURCE_GROUP_WITHOUT_WORKER', 'CRAWLER_DELETING', 'TEMPORAL_UNAVAILABLE'],
    handle: async (context, { actor, target, body }) => {
      const run = await startRun(context, target, actor, body);
      return { body: run, headers: { Location: `/api/v1/runs/${run.runId}` } };
    },
  }),
  route({
    method: 'post',
    path: '/crawlers/:id/stop',
    tag,
    summary: "Stop a crawler's open run",
    description: 'It is stopping at once, and stopped when its status says so. What it collected so far stays.',
    access: onWorkspaceOf('crawler.run', 'crawler', find),
    audit: 'crawler.stop',
    params: uuidParams,
    reply: { status: 202, description: 'The run was asked to stop.', body: runStoppingSchema },
    problems: ['NO_OPEN_RUN', 'TEMPORAL_UNAVAILABLE'],
    handle: async (context, { actor, target }) => ({ body: await stopRun(context, target.id, actor) }),
  }),
  route({
    method: 'post',
    path: '/schedules/preview',
    tag,
    summary: 'Tell the next five times of a plan',
    description: 'From the engine itself, in the time zone of the plan; nothing is stored.',
    access: signedIn,
    body: previewRequestSchema,
    reply: { status: 200, description: 'The times in UTC, and the plan in words.', body: previewSchema },
    problems: ['TEMPORAL_UNAVAILABLE'],
    handle: async ({ orchestrator }, { body: { plan } }) => ({
      body: { times: plan.mode === 'manual' ? [] : await orchestrator.previewPlan(plan), inWords: planInWords(plan) },
    }),
  }),
];
