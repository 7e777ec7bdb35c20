import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowCancellationType,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  setCurrentDetails,
  sleep,
} from '@temporalio/workflow';
import { control } from './activities.js';
import { crawlId, crawlSummary, type FailureSummary, searchAttributes, type TableRefreshInput } from './contract.js';
import { crawl } from './crawl.js';
import { summarise } from './failure-summary.js';

/** Seconds between two tries to begin while another run of the crawler is open: sooner at first, for it may be short. */
const FIRST_WAIT = 1;
const LONGEST_WAIT = 15;
/** Seconds after which nobody waits for a crawler any more. */
const PATIENCE = 30 * 60;
/** As a run of a few tables may take, with a source that rests. */
const REFRESH_TIMEOUT = '1h';

/**
 * Has named tables read again, by a run of each crawler that collects them. A crawler has one run at a time, and this is
 * one: it waits for what is open. What became of each table is written once its run has ended.
 */
export async function refreshTables(input: TableRefreshInput): Promise<{ runs: number }> {
  const { crawlers } = input;
  setCurrentDetails(`Reads named tables again: ${crawlers.map(({ crawlerName }) => crawlerName).join(', ')}`);
  await Promise.all(crawlers.map((crawler) => refreshOf(input, crawler)));
  return { runs: crawlers.length };
}

async function refreshOf(
  { refreshId, requestedBy }: TableRefreshInput,
  { crawlerId, crawlerName, resourceGroup, runId }: TableRefreshInput['crawlers'][number],
): Promise<void> {
  let failure: FailureSummary | undefined;
  for (let wait = FIRST_WAIT, waited = 0; ; waited += wait, wait = Math.min(2 * wait, LONGEST_WAIT)) {
    try {
      await executeChild(crawl, {
        workflowId: crawlId(crawlerId),
        args: [{ crawlerId, crawlerName, resourceGroup, runId, trigger: 'refresh', requestedBy }],
        workflowExecutionTimeout: REFRESH_TIMEOUT,
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        typedSearchAttributes: searchAttributes({ crawlerId, resourceGroup, trigger: 'refresh' }),
        staticSummary: crawlSummary(crawlerName),
      });
      break;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) {
        // How the run ended is in its rows; one that somebody stopped has no cause to tell.
        failure = isCancellation(error) ? undefined : summarise(error, resourceGroup);
        break;
      }
      if (waited >= PATIENCE) {
        failure = {
          code: 'RUN_OPEN',
          message: `Another run of ${crawlerName} was open for more than half an hour`,
          remedy: 'Wait for it to end, which reads these tables too, or stop it and refresh again.',
        };
        break;
      }
      await sleep(wait * 1_000);
    }
  }
  await control('Write what became of the tables').settleRefresh({
    refreshId,
    runId,
    ...(failure === undefined ? {} : { failure }),
  });
}
