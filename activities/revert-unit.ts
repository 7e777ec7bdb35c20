import { finishReverting } from '../catalog/revert/finish-reverting.js';
import { revertNextBatch } from '../catalog/revert/revert-batch.js';
import { planUnits } from '../catalog/runs/units.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { loggedStep } from './logged-step.js';

/** Makes the activity that names a unit for each database that a reverted run changed. The source is not asked. */
export function createPlanRevert({ database }: ActivityContext): ControlActivities['planRevert'] {
  return async ({ runId }) => ({ units: await planUnits(database, runId), failed: 0, failures: [] });
}

/**
 * Makes the activity that takes back what a run did to one database, batch by batch. Killed at any point it goes on
 * after the last batch.
 */
export function createRevertUnit(context: ActivityContext): ControlActivities['revertUnit'] {
  const { database } = context;
  return (ref) => {
    const step = { step: 'revert', runId: ref.runId, unit: ref.unit };
    return loggedStep<{ reverted: number }, void>(context, step, async ({ signal, checkpoint }, log) => {
      let reverted = 0;
      for (let done = 0; ; reverted += done) {
        signal.throwIfAborted();
        const batch = await revertNextBatch(database, ref);
        if (batch === undefined) break;
        done = batch;
        checkpoint({ reverted });
      }
      const { leftAlone, ...counts } = await finishReverting(database, ref);
      log.info(
        'revert',
        `Took back: ${counts.removed} removed, ${counts.changed} changed, ${counts.restored} restored` +
          (leftAlone === 0 ? '' : `; ${leftAlone} left alone, see the problems`),
        { ...counts },
      );
    });
  };
}
