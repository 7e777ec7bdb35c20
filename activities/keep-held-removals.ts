import { getClient } from '@temporalio/activity';
import { unsettledHolds } from '../catalog/removals/read-holds.js';
import {
  type ControlActivities,
  type HeldRemovalsWorkflow,
  HOLD_DECIDED,
  heldRemovalsStart,
} from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { withLiveness } from './liveness.js';

/**
 * Makes the activity that sees to it that each hold which is not settled has its workflow, whatever was lost on the way:
 * a worker between the hold and its start, a decision's signal, or all that the Temporal server had stored.
 */
export function createKeepHeldRemovals({ database }: ActivityContext): ControlActivities['keepHeldRemovals'] {
  return () =>
    withLiveness<{ started: number }, number>(async ({ signal, checkpoint }) => {
      const holds = await unsettledHolds(database);
      for (const [index, hold] of holds.entries()) {
        signal.throwIfAborted();
        const { workflow } = getClient();
        const start = heldRemovalsStart(hold);
        if (hold.decided)
          await workflow.signalWithStart<HeldRemovalsWorkflow>('heldRemovals', { ...start, signal: HOLD_DECIDED });
        else await workflow.start<HeldRemovalsWorkflow>('heldRemovals', start);
        checkpoint({ started: index + 1 });
      }
      return holds.length;
    });
}
