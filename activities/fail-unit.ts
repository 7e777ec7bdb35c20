import { failUnit } from '../catalog/runs/units.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';

/** Makes the activity that records why a unit could not be collected, once the workflow has given up on it. */
export function createFailUnit({ database }: ActivityContext): ControlActivities['failUnit'] {
  return ({ ref, failure }) => failUnit(database, { runId: ref.runId, unit: ref.unit, error: failure });
}
