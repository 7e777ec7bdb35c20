import type { Database } from '../../db/database.js';
import { closeAbandonedRuns } from './open-run.js';
import { queueRun, type RunHeading } from './queue-run.js';

/**
 * Shows the run that the engine has begun although another one is queued, which it thereby passed over: whoever asked for
 * that one at the same moment is told that this one is open. As {@link queueRun} for the rest.
 */
export async function queueInstead(
  database: Database,
  run: Parameters<typeof queueRun>[1],
): Promise<RunHeading | undefined> {
  return database.transaction(async (transaction) => {
    await closeAbandonedRuns(transaction, run, ['queued']);
    return queueRun(transaction, run);
  });
}
