import { planUnit } from '../catalog/plans/plan-unit.js';
import { RunLogger } from '../catalog/runs/run-logger.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { unitFailure } from './failures.js';
import { withLiveness } from './liveness.js';

/** Makes the activity that works out what publishing a unit would do, and keeps that instead of doing it. */
export function createPlanUnit(context: ActivityContext): ControlActivities['planUnit'] {
  return (ref) =>
    withLiveness(async ({ signal }) => {
      const log = new RunLogger(context.database, ref.runId, {
        unit: ref.unit,
        onError: (err) => context.log.warn({ err, ...ref }, 'run log could not be written'),
      });
      try {
        const counts = await planUnit(context.database, ref, () => signal.throwIfAborted());
        const { added, changed, removed, restored, held } = counts;
        log.info(
          'plan',
          `Planned: ${added} to add, ${changed} to change, ${restored} to restore, ${removed} to remove, ${held} held`,
          { ...counts },
        );
        return counts;
      } catch (error) {
        throw unitFailure(error, { signal, log, step: 'plan', report: context.log, ref });
      } finally {
        await log.close();
      }
    });
}
