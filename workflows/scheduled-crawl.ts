import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  patched,
  setCurrentDetails,
  sleep,
  uuid4,
} from '@temporalio/workflow';
import { control } from './activities.js';
import { CRAWL_TIMEOUT, crawlId, crawlSummary, type ScheduledCrawlInput, searchAttributes } from './contract.js';
import { crawl } from './crawl.js';
import { executionFailure, summarise } from './failure-summary.js';

/**
 * What a crawler's schedule starts. A schedule puts the time into the id of whatever it starts, so it cannot start
 * `crawl:<crawlerId>` itself; this runs it as a child and waits, which gives the schedule's overlap rule its meaning.
 * A crawl that is already open is a skipped run, not an error.
 */
export async function scheduledCrawl(
  input: ScheduledCrawlInput,
): Promise<{ outcome: 'succeeded' | 'partial' | 'stopped' | 'skipped' }> {
  setCurrentDetails(`Runs \`${crawlId(input.crawlerId)}\` as a child and waits for it.`);
  for (;;) {
    const outcome = await runOrSkip(input);
    if (outcome !== 'refreshing') return { outcome };
    // A few tables are read again for somebody: that is over in seconds, and no reason to leave out a cycle's run.
    await sleep('3s');
  }
}

async function runOrSkip({
  crawlerId,
  crawlerName,
  resourceGroup,
}: ScheduledCrawlInput): Promise<'succeeded' | 'partial' | 'stopped' | 'skipped' | 'refreshing'> {
  try {
    const result = await executeChild(crawl, {
      workflowId: crawlId(crawlerId),
      args: [{ crawlerId, crawlerName, resourceGroup, trigger: 'schedule' }],
      workflowExecutionTimeout: CRAWL_TIMEOUT,
      // The default would end the crawl without its cleanup if this execution timed out.
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      typedSearchAttributes: searchAttributes({ crawlerId, resourceGroup, trigger: 'schedule' }),
      staticSummary: crawlSummary(crawlerName),
    });
    return result.status;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      if (patched('wait-for-refresh') && (await control('See what is open').isRefreshing({ crawlerId })))
        return 'refreshing';
      setCurrentDetails('Skipped: a run of this crawler was already open.');
      await control('Record a skipped run: another is open').recordSkippedRun({ crawlerId, runId: uuid4() });
      return 'skipped';
    }
    if (!isCancellation(error)) throw executionFailure(`The scheduled run of ${crawlerName} failed`, summarise(error));
    // Someone stopped the crawl: that is its answer. Only a stop of this execution itself is passed on.
    if (CancellationScope.current().consideredCancelled) throw error;
    return 'stopped';
  }
}
