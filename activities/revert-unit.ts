import { finishReverting } from '../catalog/revert/finish-reverting.js';
import { revertNextBatch } from '../catalog/revert/revert-batch.js';
import { RunLogger } from '../catalog/runs/run-logger.js';
import { planUnits } from '../catalog/runs/units.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { unitFailure } from './failures.js';
import { withLiveness } from './liveness.js';

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
  return (ref) =>
    withLiveness<{ reverted: number }, void>(async ({ signal, checkpoint }) => {
      const log = new RunLogger(database, ref.runId, {
        unit: ref.unit,
        onError: (err) => context.log.warn({ err, ...ref }, 'run log could not be written'),
      });
      try {
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
      } catch (error) {
        throw unitFailure(error, { signal, log, step: 'revert', report: context.log, ref });
      } finally {
        await log.close();
      }
    });
}
