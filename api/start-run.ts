import { randomUUID } from 'node:crypto';
import type { Actor } from '../access/actor.js';
import { CrawlerDeleting } from '../catalog/crawlers/errors.js';
import { type CrawlerDetail, getCrawler } from '../catalog/crawlers/read-crawlers.js';
import { limitsOfCrawler } from '../catalog/governor/limits.js';
import { quietUntil } from '../catalog/governor/quiet-hours.js';
import { queueInstead } from '../catalog/runs/queue-instead.js';
import { queueRun, type RunHeading, unqueueRun } from '../catalog/runs/queue-run.js';
import { openRunOf, runOfExecution } from '../catalog/runs/read-runs.js';
import type { Database } from '../db/database.js';
import type { ApiContext } from './context.js';
import { Problem } from './problems.js';
import { isOpen } from './refuse-while-open.js';
import { withoutWorker } from './without-worker.js';

/** How long a request waits for an execution to close whose run has ended already, or to open its run; milliseconds. */
const PATIENCE = 3_000;
/** How long it waits for the engine at first, when the answer is most often there already, and after that. */
const LOOK = { first: 30, again: 250 };

/**
 * Starts a run of a crawler. The engine decides whether one is open, not our rows: a row can be left open by a run that
 * died, and the run that starts next closes it. So the run that a refusal names is the one that the engine's execution
 * works for, and not the row of somebody who asked at the same moment and is refused too.
 *
 * An execution has a moment without an open run at either end: before its run is opened, and after the run's row has
 * ended. A request that comes then waits, and is the next where that was the end.
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
  const input = { ...request, crawlerName: crawler.name, resourceGroup: crawler.resourceGroup.id };
  const row = { ...request, despiteQuietHours: until !== undefined };
  const begin = async () => {
    for (const deadline = Date.now() + PATIENCE, look = { wait: LOOK.first }; ; look.wait = LOOK.again) {
      const queued = (await queueRun(database, row)) ?? (await unlessDeleting(database, crawler.id));
      const { started } = await orchestrator.startCrawl(input);
      if (started) return queued ?? (await queueInstead(database, row)) ?? (await unlessDeleting(database, crawler.id));
      const execution = await orchestrator.untilNoCrawl(crawler.id, look.wait);
      const holder = execution && (await runOfExecution(database, crawler.id, execution));
      if (holder && isOpen(holder)) throw refusedForOpenRun(holder);
      if (Date.now() < deadline) continue;
      const open = await openRunOf(database, crawler.id);
      throw holder ? refusedForEndingRun(holder) : refusedForOpenRun(open?.runId === runId ? undefined : open);
    }
  };
  try {
    const queued = await begin();
    return { runId, number: queued?.number ?? null, status: queued?.status ?? 'queued' };
  } catch (error) {
    await unqueueRun(database, runId);
    throw error;
  }
}

/** Why a run has no row: its crawler was deleted since it was read, or else another run's row is in the way. */
async function unlessDeleting(database: Database, crawlerId: string): Promise<undefined> {
  if ((await getCrawler(database, crawlerId)).status === 'deleting') throw new CrawlerDeleting(crawlerId);
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

type OpenRun = Pick<RunHeading, 'runId' | 'number' | 'status'>;

/** @param open undefined where the engine has begun something that no worker has opened a run for yet */
function refusedForOpenRun(open: OpenRun | undefined): Problem {
  return new Problem(
    'RUN_OPEN',
    open === undefined
      ? 'A run of this crawler is just starting.'
      : `Run ${open.number} of this crawler is ${open.status}.`,
    { remedy: 'Wait for it to end, or stop it first.', extra: { run: open === undefined ? null : named(open) } },
  );
}

function refusedForEndingRun(ending: OpenRun): Problem {
  return new Problem(
    'RUN_OPEN',
    `Run ${ending.number} of this crawler is ${ending.status}, and the engine is about to let go of it.`,
    {
      remedy: 'Try again in a moment. If this lasts, see that a worker serves the control queue.',
      extra: { run: named(ending) },
    },
  );
}

const named = ({ runId, number, status }: OpenRun) => ({ id: runId, number, status });
