import { isRunPaused } from '../catalog/runs/pause-run.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';

/** Makes the activity that tells a waiting crawl whether its run is still paused. */
export function createIsRunPaused({ database }: ActivityContext): ControlActivities['isRunPaused'] {
  return ({ runId }) => isRunPaused(database, runId);
}
