import { visiblePredicate } from '../../access/visibility.js';
import { getCrawler } from '../../catalog/crawlers/read-crawlers.js';
import { PlanNotOpen } from '../../catalog/plans/errors.js';
import { discardPlan } from '../../catalog/plans/plan-state.js';
import { getPlan, listPlanChanges } from '../../catalog/plans/read-plan.js';
import { getRun } from '../../catalog/runs/read-runs.js';
import type { ApiContext } from '../context.js';
import { qualifiedName } from '../qualified-name.js';
import { refuseWhileOpen } from '../refuse-while-open.js';
import { onWorkspaceOf, type Route, route } from '../route.js';
import { startRunSchema } from '../schemas/crawlers.js';
import { uuidParams } from '../schemas/lists.js';
import { planChangePageSchema, runPlanSchema } from '../schemas/plans.js';
import { runChangeQuery } from '../schemas/run-changes.js';
import { runStartedSchema } from '../schemas/runs.js';
import { startRun } from '../start-run.js';

const find = ({ database }: ApiContext, { id }: { id: string }) => getRun(database, id);
const readable = onWorkspaceOf('run.read', 'run', find);
const runnable = onWorkspaceOf('crawler.run', 'run', find);
const starting = ['RUN_OPEN', 'RESOURCE_GROUP_WITHOUT_WORKER', 'CRAWLER_DELETING', 'TEMPORAL_UNAVAILABLE'];

export const planRoutes: Route[] = [
  route({
    method: 'post',
    path: '/crawlers/:id/plan',
    tag: 'Runs',
    summary: 'Plan a run',
    description:
      'A run that collects and changes nothing on the map. What it would have changed is kept for seven days, to be looked at, applied or discarded; a later plan of the crawler takes its place.',
    access: onWorkspaceOf('crawler.run', 'crawler', ({ database }: ApiContext, { id }: { id: string }) =>
      getCrawler(database, id),
    ),
    audit: 'crawler.plan',
    params: uuidParams,
    body: startRunSchema,
    idempotent: true,
    reply: { status: 202, description: 'The run that plans is on its way.', body: runStartedSchema },
    problems: starting,
    handle: async (context, { actor, target, body }) => {
      const run = await startRun(context, target, actor, { ...body, plan: true });
      return { body: run, headers: { Location: `/api/v1/runs/${run.runId}` } };
    },
  }),
  route({
    method: 'get',
    path: '/runs/:id/plan',
    tag: 'Runs',
    summary: 'Read the plan of a run',
    access: readable,
    params: uuidParams,
    reply: {
      status: 200,
      description: 'What it would change, in numbers, and what became of it.',
      body: runPlanSchema,
    },
    problems: ['PLAN_NOT_OPEN'],
    handle: async ({ database }, { params }) => ({ body: await getPlan(database, params.id) }),
  }),
  route({
    method: 'get',
    path: '/runs/:id/plan/changes',
    tag: 'Runs',
    summary: 'List what an open plan would change',
    access: readable,
    params: uuidParams,
    query: runChangeQuery,
    reply: { status: 200, description: 'A page of changes.', body: planChangePageSchema },
    problems: ['PLAN_NOT_OPEN'],
    handle: async ({ database }, { actor, params, query: { change, ...page } }) => {
      const found = await listPlanChanges(database, params.id, { change }, page, visiblePredicate(actor));
      return {
        body: { ...found, items: found.items.map((item) => ({ ...item, qualifiedName: qualifiedName(item) })) },
      };
    },
  }),
  route({
    method: 'post',
    path: '/runs/:id/apply',
    tag: 'Runs',
    summary: 'Apply a plan',
    description:
      'A run of its own. It lists the source again: a database of which anything has moved, at the source or on the map, fails with PLAN_OUTDATED and stays as it is; the others are published as planned.',
    access: runnable,
    audit: 'run.apply',
    params: uuidParams,
    body: startRunSchema,
    idempotent: true,
    reply: { status: 202, description: 'The run that applies is on its way.', body: runStartedSchema },
    problems: ['PLAN_NOT_OPEN', ...starting],
    handle: async (context, { actor, target, body }) => {
      const { state, note } = await getPlan(context.database, target.id);
      if (state !== 'open') throw new PlanNotOpen(state, note);
      const crawler = await getCrawler(context.database, target.crawlerId);
      const run = await startRun(context, crawler, actor, { ...body, of: { runId: target.id, trigger: 'apply' } });
      return { body: run, headers: { Location: `/api/v1/runs/${run.runId}` } };
    },
  }),
  route({
    method: 'post',
    path: '/runs/:id/discard',
    tag: 'Runs',
    summary: 'Discard a plan',
    access: runnable,
    audit: 'run.discard',
    params: uuidParams,
    reply: { status: 200, description: 'The plan, discarded.', body: runPlanSchema },
    problems: ['PLAN_NOT_OPEN', 'RUN_OPEN'],
    handle: async ({ database }, { target }) => {
      refuseWhileOpen(target, 'it has no plan yet');
      await discardPlan(database, target.id);
      return { body: await getPlan(database, target.id) };
    },
  }),
];
