import { planUnit } from '../catalog/plans/plan-unit.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { loggedStep } from './logged-step.js';

/** Makes the activity that works out what publishing a unit would do, and keeps that instead of doing it. */
export function createPlanUnit(context: ActivityContext): ControlActivities['planUnit'] {
  return (ref) =>
    loggedStep(context, { step: 'plan', runId: ref.runId, unit: ref.unit }, async ({ signal }, log) => {
      const counts = await planUnit(context.database, ref, () => signal.throwIfAborted());
      const { added, changed, removed, restored, held } = counts;
      log.info(
        'plan',
        `Planned: ${added} to add, ${changed} to change, ${restored} to restore, ${removed} to remove, ${held} held`,
        { ...counts },
      );
      return counts;
    });
}
