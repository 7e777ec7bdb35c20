import { dropOldPlans } from '../catalog/plans/plan-state.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { withLiveness } from './liveness.js';

const DAYS = 7;

/** Makes the activity that drops plans which nobody applied for too long. */
export function createDropOldPlans({ database, planDays = DAYS }: ActivityContext): ControlActivities['dropOldPlans'] {
  return () => withLiveness(() => dropOldPlans(database, planDays));
}
