import { setTimeout as delay } from 'node:timers/promises';
import { getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import { type ControlActivities, crawlId } from '../workflows/contract.js';
import { withLiveness } from './liveness.js';

/** How long a run is given to stop by itself. */
const PATIENCE = 60_000;

/**
 * Makes the activity that stops a crawler's open run and waits until it is closed; one that does not stop in time is
 * terminated, which its activities notice with their next heartbeat.
 * @param patience milliseconds
 */
export function createStopActiveRun({ patience = PATIENCE } = {}): ControlActivities['stopActiveRun'] {
  return ({ crawlerId }) =>
    withLiveness(async ({ signal }) => {
      const handle = getClient().workflow.getHandle(crawlId(crawlerId));
      const isOpen = async () => (await handle.describe()).status.name === 'RUNNING';
      try {
        if (!(await isOpen())) return;
        await handle.cancel();
        for (const deadline = Date.now() + patience; Date.now() < deadline; ) {
          if (!(await isOpen())) return;
          await delay(500, undefined, { signal });
        }
        await handle.terminate('Its crawler is being deleted, and it did not stop within a minute');
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    });
}
