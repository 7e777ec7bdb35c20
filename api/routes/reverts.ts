import { getCrawler } from '../../catalog/crawlers/read-crawlers.js';
import { previewRevert } from '../../catalog/revert/preview-revert.js';
import { getRun } from '../../catalog/runs/read-runs.js';
import type { ApiContext } from '../context.js';
import { Problem } from '../problems.js';
import { refuseWhileOpen } from '../refuse-while-open.js';
import { onWorkspaceOf, type Route, route } from '../route.js';
import { uuidParams } from '../schemas/lists.js';
import { revertPreviewSchema } from '../schemas/plans.js';
import { runStartedSchema } from '../schemas/runs.js';
import { startRun } from '../start-run.js';

const NOTE =
  'The source is not touched: the next crawl collects what it is by then. Pause the crawler to keep the map as it was.';

const find = ({ database }: ApiContext, { id }: { id: string }) => getRun(database, id);

export const revertRoutes: Route[] = [
  route({
    method: 'get',
    path: '/runs/:id/revert-preview',
    tag: 'Runs',
    summary: 'Tell what taking a run back would do',
    access: onWorkspaceOf('run.read', 'run', find),
    params: uuidParams,
    reply: { status: 200, description: 'Entities by what would become of them.', body: revertPreviewSchema },
    handle: async ({ database }, { params }) => ({
      body: { ...(await previewRevert(database, params.id)), note: NOTE },
    }),
  }),
  route({
    method: 'post',
    path: '/runs/:id/revert',
    tag: 'Runs',
    summary: 'Take back what a run did to the map',
    description: `A run of its own: what was added goes, what was changed gets a new version with the content it had, what was removed comes back. What was changed again since is left alone and listed with the run's problems. ${NOTE}`,
    access: onWorkspaceOf('crawler.run', 'run', find),
    audit: 'run.revert',
    params: uuidParams,
    idempotent: true,
    reply: { status: 202, description: 'The run that reverts is on its way.', body: runStartedSchema },
    problems: ['RUN_OPEN', 'NOTHING_TO_REVERT', 'CRAWLER_DELETING', 'TEMPORAL_UNAVAILABLE'],
    handle: async (context, { actor, target }) => {
      refuseWhileOpen(target, 'what it does is known when it has ended');
      const { remove, change, restore, changedAgain } = await previewRevert(context.database, target.id);
      if (remove + change + restore === 0)
        throw new Problem('NOTHING_TO_REVERT', `Nothing that run ${target.number} did can be taken back.`, {
          remedy: changedAgain > 0 ? 'Revert the later runs first.' : 'It changed nothing, or was taken back already.',
        });
      const crawler = await getCrawler(context.database, target.crawlerId);
      // No worker of the group is needed: the source is not asked.
      const how = { anyway: true, of: { runId: target.id, trigger: 'revert' as const } };
      const run = await startRun(context, crawler, actor, how);
      return { body: run, headers: { Location: `/api/v1/runs/${run.runId}` } };
    },
  }),
];
