import { randomUUID } from 'node:crypto';
import type { Actor } from '../access/actor.js';
import { CrawlerDeleting } from '../catalog/crawlers/errors.js';
import type { CrawlerDetail } from '../catalog/crawlers/read-crawlers.js';
import { limitsOfCrawler } from '../catalog/governor/limits.js';
import { quietUntil } from '../catalog/governor/quiet-hours.js';
import { queueRun, type RunHeading, unqueueRun } from '../catalog/runs/queue-run.js';
import { openRunOf, runOfExecution } from '../catalog/runs/read-runs.js';
import type { ApiContext } from './context.js';
import { Problem } from './problems.js';
import { withoutWorker } from './without-worker.js';

/** How long a request waits for an execution to close whose run has ended already, and how often it looks; milliseconds. */
const PATIENCE = 3_000;
const LOOK_EVERY = 500;

/**
 * Starts a run of a crawler. The engine decides whether one is open, not our rows: a row can be left open by a run that
 * died, and the run that starts next closes it. An execution closes a moment after its run's row has ended: a request
 * that comes between waits for it.
 * @param how.anyway start it also where no worker serves the crawler's group: it waits for one; and in the quiet hours
 *   of the source, which it then reads all the same
 * @param how.of the run that it retries, applies or takes back; without one it is a manual run, or a plan
 * @throws Problem RUN_OPEN with the open run, RESOURCE_GROUP_WITHOUT_WORKER, QUIET_HOURS with their end;
 *   CrawlerDeleting; OrchestratorUnavailable
 */
export async function startRun(
  context: ApiContext,
  crawler: CrawlerDetail,
  actor: Actor,
  how: { anyway: boolean; plan?: true; of?: { runId: string; trigger: 'retry' | 'apply' | 'revert' } },
): Promise<{ runId: string; number: number | null; status: RunHeading['status'] }> {
  const { database, orchestrator } = context;
  if (crawler.status === 'deleting') throw new CrawlerDeleting(crawler.id);
  if (crawler.resourceGroup.liveWorkers === 0 && !how.anyway) throw refusedWithoutWorker(crawler);
  const { quietHours } = await limitsOfCrawler(database, crawler.id);
  // What is taken back is taken back from the map; the source is not asked.
  const until = how.of?.trigger === 'revert' ? undefined : quietUntil(quietHours, new Date());
  if (until !== undefined && !how.anyway) throw refusedInQuietHours(crawler, until);
  const runId = randomUUID();
  const request = {
    crawlerId: crawler.id,
    runId,
    ...(how.of === undefined
      ? { trigger: how.plan === true ? ('plan' as const) : ('manual' as const) }
      : { trigger: how.of.trigger, ofRunId: how.of.runId }),
    requestedBy: actor.personId,
  };
  const queued = await queueRun(database, { ...request, despiteQuietHours: until !== undefined });
  const input = { ...request, crawlerName: crawler.name, resourceGroup: crawler.resourceGroup.id };
  const start = async () => {
    for (let waited = 0; ; waited += LOOK_EVERY) {
      const { started } = await orchestrator.startCrawl(input);
      // Where our row is not the open one, another run's is, and its crawl is not about to end.
      if (started || queued === undefined) return { started };
      const execution = await orchestrator.untilNoCrawl(crawler.id, LOOK_EVERY);
      const open = await openRunOf(database, crawler.id);
      if (waited >= PATIENCE || (open !== undefined && open.runId !== runId)) return { started, execution };
    }
  };
  const { started, execution } = await start().catch(async (error: unknown) => {
    await unqueueRun(database, runId);
    throw error;
  });
  if (started) return { runId, number: queued?.number ?? null, status: queued?.status ?? 'queued' };
  await unqueueRun(database, runId);
  throw await refusedForOpenRun(context, crawler, execution);
}

function refusedInQuietHours({ dataSource }: CrawlerDetail, until: Date): Problem {
  return new Problem(
    'QUIET_HOURS',
    `The data source ${dataSource.name} is in its quiet hours until ${until.toISOString()}; no run collects it now.`,
    {
      remedy: 'Run it after that, or send {"anyway": true} to collect all the same.',
      extra: { until: until.toISOString() },
    },
  );
}

function refusedWithoutWorker(crawler: CrawlerDetail): Problem {
  const { code, message, remedy } = withoutWorker(crawler.resourceGroup.id);
  return new Problem(code, message, {
    remedy: `${remedy} Or send {"anyway": true}: the run then waits until one comes up.`,
    extra: { resourceGroup: crawler.resourceGroup },
  });
}

/** @param execution that is open, where no row of an open run was there */
async function refusedForOpenRun(
  { database }: ApiContext,
  crawler: CrawlerDetail,
  execution: string | undefined,
): Promise<Problem> {
  const open = await openRunOf(database, crawler.id);
  if (open === undefined && execution !== undefined) {
    const ending = await runOfExecution(database, crawler.id, execution);
    if (ending !== undefined)
      return new Problem(
        'RUN_OPEN',
        `Run ${ending.number} of this crawler is ${ending.status}, and the engine is about to let go of it.`,
        {
          remedy: 'Try again in a moment. If this lasts, see that a worker serves the control queue.',
          extra: { run: { id: ending.runId, number: ending.number, status: ending.status } },
        },
      );
  }
  return new Problem(
    'RUN_OPEN',
    open === undefined
      ? 'A run of this crawler is just starting.'
      : `Run ${open.number} of this crawler is ${open.status}.`,
    {
      remedy: 'Wait for it to end, or stop it first.',
      extra: { run: open === undefined ? null : { id: open.runId, number: open.number, status: open.status } },
    },
  );
}
