import { recordSkippedRun } from '../catalog/runs/queue-run.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';

/** Makes the activity that records that a cycle's time came while an earlier run was open. */
export function createRecordSkippedRun({ database }: ActivityContext): ControlActivities['recordSkippedRun'] {
  return (request) => recordSkippedRun(database, request);
}
