import { setTimeout as delay } from 'node:timers/promises';
import { settleHold } from '../catalog/removals/settle-hold.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { withLiveness } from './liveness.js';

/** Tables taken off the map in one transaction. */
const BATCH = 1_000;
/** Between two looks at whether the run that is on the database has ended. */
const PATIENCE = 1_000;

/**
 * Makes the activity that does what was decided on held removals, batch by batch; repeated, it goes on. It waits while a
 * run of the crawler is on the database, since what that lists may show the tables again.
 */
export function createSettleHeldRemovals(
  { database }: ActivityContext,
  { batch = BATCH, patience = PATIENCE } = {},
): ControlActivities['settleHeldRemovals'] {
  return ({ holdId }) =>
    withLiveness<{ removed: number }, { removed: number; waitMs: number | null }>(
      async ({ signal, checkpoint, previous }) => {
        let removed = previous?.removed ?? 0;
        for (;;) {
          signal.throwIfAborted();
          const step = await settleHold(database, holdId, batch);
          if (step.next === 'done') return { removed, waitMs: null };
          if (step.next === 'wait') return { removed, waitMs: step.ms };
          if (step.next === 'more') removed += step.removed;
          else await delay(patience, undefined, { signal });
          checkpoint({ removed });
        }
      },
    );
}
