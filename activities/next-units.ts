import { nextUnits } from '../catalog/runs/units.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';

/** Makes the activity that names the next units of a run. */
export function createNextUnits({ database }: ActivityContext): ControlActivities['nextUnits'] {
  return ({ runId, after, limit }) => nextUnits(database, runId, { after, limit });
}
