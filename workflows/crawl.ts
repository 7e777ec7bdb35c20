import {
  CancellationScope,
  continueAsNew,
  defineQuery,
  isCancellation,
  log,
  patched,
  setHandler,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { control, indexingOnce, tracingOnce } from './activities.js';
import type { CrawlInput, CrawlProgress, CrawlResult, CrawlResumption, FailureSummary, RunPlan } from './contract.js';
import { executionFailure, summarise } from './failure-summary.js';
import { Pauses } from './pauses.js';
import { listUnits } from './run-kinds.js';
import { databases, type RunProgress, show } from './run-progress.js';
import { collectUnits } from './unit-lanes.js';

export const progressQuery = defineQuery<CrawlProgress>('progress');

type Outcome =
  | { next: 'close'; status: 'succeeded' | 'partial' | 'failed' | 'skipped'; counts: Record<string, number> }
  | { next: 'continue'; resume: CrawlResumption };

/**
 * One run of one crawler. Its id, `crawl:<crawlerId>`, is the only lock there is: while it is open no other run can be.
 * The workflow is also the only author of the run's final status, so an activity that is cut off by a deploy never
 * looks like a stop.
 */
export async function crawl(input: CrawlInput): Promise<CrawlResult> {
  const runId = input.runId ?? uuid4();
  const progress: RunProgress = {
    crawlerName: input.crawlerName,
    phase: 'opening',
    unitsTotal: input.resume?.unitsTotal ?? 0,
    unitsDone: input.resume?.unitsDone ?? 0,
    unitsFailed: input.resume?.failed ?? 0,
    collecting: [],
    paused: false,
    failures: input.resume?.failures ?? [],
  };
  setHandler(progressQuery, () => progress, { description: 'Where the run is: phase, units done, databases in work' });
  const pauses = new Pauses(runId, progress);
  const outcome = await closingOnError(input, runId, progress, pauses);
  if (outcome.next === 'continue') {
    return continueAsNew<typeof crawl>({ ...input, runId, resume: outcome.resume });
  }
  if (outcome.status === 'failed') {
    throw executionFailure(`Collecting ${input.crawlerName} failed`, failureOfAll(progress));
  }
  return { runId, status: outcome.status, counts: outcome.counts };
}

async function closingOnError(
  input: CrawlInput,
  runId: string,
  progress: RunProgress,
  pauses: Pauses,
): Promise<Outcome> {
  try {
    return await run(input, runId, progress, pauses);
  } catch (error) {
    const failedAt = progress.phase;
    enter(progress, 'closing');
    if (isCancellation(error)) {
      await CancellationScope.nonCancellable(() =>
        control('Close the run as stopped').closeRun({ runId, status: 'stopped' }),
      );
      throw error;
    }
    const failure = summarise(error, failedAt === 'listing' ? input.resourceGroup : undefined);
    await CancellationScope.nonCancellable(() =>
      control('Close the run as failed').closeRun({ runId, status: 'failed', failure }),
    );
    throw executionFailure(`Collecting ${input.crawlerName} failed while ${DOING[failedAt]}`, failure);
  }
}

async function run(input: CrawlInput, runId: string, progress: RunProgress, pauses: Pauses): Promise<Outcome> {
  const { crawlerId } = input;
  enter(progress, 'opening');
  const plan = input.resume?.plan ?? (await open(input, runId));
  if (plan.skipped === true) return { next: 'close', status: 'skipped', counts: {} };
  if (input.resume === undefined) {
    enter(progress, 'listing');
    let found = await listUnits(input.trigger, plan);
    while (found.yielded !== undefined) {
      await pauses.until(found.yielded.until);
      found = await listUnits(input.trigger, plan);
    }
    progress.unitsTotal = found.units;
    progress.unitsDone = found.failed;
    progress.unitsFailed = found.failed;
    progress.failures = found.failures;
  }
  enter(progress, 'collecting');
  const state = { crawlerId, trigger: input.trigger, plan, after: input.resume?.after ?? 0, progress, pauses };
  if ((await collectUnits(state)) === 'more') {
    const { unitsTotal, unitsDone, unitsFailed, failures } = progress;
    return {
      next: 'continue',
      resume: { plan, after: state.after, unitsTotal, unitsDone, failed: unitsFailed, failures },
    };
  }
  enter(progress, 'indexing');
  await bringSearchUpToDate(crawlerId, runId);
  if (input.trigger !== 'plan' && patched('trace-lineage')) {
    enter(progress, 'tracing');
    await traceLineage(runId);
  }
  enter(progress, 'closing');
  const closed = await control('Close the run').finishRun({
    runId,
    ...(progress.unitsFailed > 0 ? { failure: failureOfAll(progress) } : {}),
  });
  return { next: 'close', ...closed };
}

async function open(input: CrawlInput, runId: string): Promise<RunPlan> {
  const { workflowId, firstExecutionRunId, parent } = workflowInfo();
  return control(`Open the run of ${input.crawlerName}`).openRun({
    runId,
    crawlerId: input.crawlerId,
    trigger: input.trigger,
    ...(input.ofRunId === undefined ? {} : { ofRunId: input.ofRunId }),
    ...(input.requestedBy === undefined ? {} : { requestedBy: input.requestedBy }),
    workflowId,
    workflowRunId: firstExecutionRunId,
    ...(input.trigger !== 'schedule' || parent === undefined
      ? {}
      : { tick: { workflowId: parent.workflowId, runId: parent.runId } }),
  });
}

/** A search engine that is away must not fail what was collected: the outbox keeps it and its schedule indexes it later. */
async function bringSearchUpToDate(crawlerId: string, runId: string): Promise<void> {
  try {
    await indexingOnce('Bring search up to date').drainOutbox({ crawlerId, runId });
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('Search is not up to date yet; the outbox goes on every minute', { cause: summarise(error).message });
  }
}

/** After search, which people wait for. No run fails by it: the next one reads what this one leaves. */
async function traceLineage(runId: string): Promise<void> {
  try {
    await tracingOnce('Read views for their lineage').traceLineage({ runId });
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('Lineage is not up to date; the next run goes on', { cause: summarise(error).message });
  }
}

function enter(progress: RunProgress, phase: CrawlProgress['phase']): void {
  progress.phase = phase;
  show(progress);
}

/** Why units failed: the first causes by name, which are most often all the same one. */
function failureOfAll(progress: RunProgress): FailureSummary {
  const [first] = progress.failures;
  if (first === undefined) return { code: 'NOTHING_COLLECTED', message: 'No database could be collected' };
  const reasons = progress.failures.map(({ database, message }) => `${database}: ${message}`).join('; ');
  const count =
    progress.unitsTotal === 1 ? '' : `${progress.unitsFailed} of ${databases(progress.unitsTotal)} failed. `;
  return {
    code: first.code,
    message: `${count}${reasons}`,
    ...(first.remedy === undefined ? {} : { remedy: first.remedy }),
  };
}

const DOING: Record<CrawlProgress['phase'], string> = {
  opening: 'opening the run',
  listing: 'listing the databases in scope',
  collecting: 'collecting',
  indexing: 'bringing search up to date',
  tracing: 'reading views for their lineage',
  closing: 'closing the run',
};
