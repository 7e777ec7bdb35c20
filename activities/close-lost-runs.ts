import { getClient } from '@temporalio/activity';
import { type WorkflowClient, WorkflowNotFoundError } from '@temporalio/client';
import { closeRun } from '../catalog/runs/close-run.js';
import { type OpenRun, openRuns } from '../catalog/runs/lost-runs.js';
import { isOpen } from '../catalog/runs/queue-run.js';
import { RunLogger } from '../catalog/runs/run-logger.js';
import { markSearchable } from '../search/watermark.js';
import { type ControlActivities, CRAWL_TIMEOUT, crawlId, type FailureSummary } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { withLiveness } from './liveness.js';

/**
 * Makes the activity that closes runs whose execution ended without its own word: one that ran into the engine's limit,
 * that somebody terminated, or that the engine lost with its store. Until then they would stay open by their rows until
 * the next run of their crawler.
 */
export function createCloseLostRuns(context: ActivityContext): ControlActivities['closeLostRuns'] {
  const { database } = context;
  return () =>
    withLiveness<{ closed: number }, number>(async ({ signal, checkpoint }) => {
      let closed = 0;
      // In this order: the row of an execution that ends well is closed before its execution is.
      for (const run of await openRuns(database)) {
        signal.throwIfAborted();
        const execution = await lastExecution(getClient().workflow, run.crawlerId);
        if (execution?.status === 'RUNNING' || !(await isOpen(database, run.runId))) continue;
        await close(context, run, execution?.first === run.workflowRunId ? execution?.status : undefined);
        closed += 1;
        checkpoint({ closed });
      }
      if (closed > 0) await markSearchable(database);
      return closed;
    });
}

/** Undefined when the engine knows of none. */
async function lastExecution(
  client: WorkflowClient,
  crawlerId: string,
): Promise<{ first: string; status: string } | undefined> {
  try {
    const { raw, runId, status } = await client.getHandle(crawlId(crawlerId)).describe();
    return { first: raw.workflowExecutionInfo?.firstRunId ?? runId, status: status.name };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

async function close({ database, log }: ActivityContext, run: OpenRun, status: string | undefined): Promise<void> {
  const { runId } = run;
  const error = causeOf(run, status);
  const lines = new RunLogger(database, runId, {
    onError: (err) => log.warn({ err, runId }, 'run log could not be written'),
  });
  lines.error('close', error.message, { ...error });
  await lines.close();
  const ended = run.stopRequestedAt !== null || status === 'TERMINATED' ? 'terminated' : 'failed';
  await closeRun(database, { runId, status: ended, error });
}

/** @param status of the run's own execution by the engine; undefined where it does not know of it */
function causeOf({ pausedAt, stopRequestedAt, workflowRunId }: OpenRun, status: string | undefined): FailureSummary {
  const again = 'What finished databases brought to the map stays; start the crawler again for the rest.';
  if (status === 'TIMED_OUT')
    return {
      code: 'RUN_TIMED_OUT',
      message:
        `The run was open for ${CRAWL_TIMEOUT.replace('h', ' hours')}, which is as long as the engine lets one be` +
        (pausedAt === null ? '' : `; it was paused since ${pausedAt.toISOString()}`),
      remedy: pausedAt === null ? `${again} Divide its scope among several crawlers if this comes again.` : again,
    };
  if (status === 'TERMINATED')
    return { code: 'RUN_TERMINATED', message: "The run's execution was terminated in the engine", remedy: again };
  if (workflowRunId === null)
    return {
      code: 'RUN_NOT_STARTED',
      message: 'The run was queued and never began',
      remedy: 'Start the crawler again.',
    };
  return {
    code: 'RUN_ABANDONED',
    message:
      stopRequestedAt === null
        ? 'The run ended without reporting how, and the engine does not know of it any more'
        : 'The run was asked to stop and ended without confirming it',
    remedy: again,
  };
}
