import { dropExpiredPreviews } from '../catalog/preview/previews.js';
import { dropOldLookups } from '../catalog/refresh/lookups.js';
import { dropOldRefreshes } from '../catalog/refresh/refreshes.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { withLiveness } from './liveness.js';

/** Makes the activity that deletes what was read of sources for people and is kept for a short time only. */
export function createDropExpired({ database }: ActivityContext): ControlActivities['dropExpired'] {
  return () =>
    withLiveness(async () => {
      const previews = await dropExpiredPreviews(database);
      return previews + (await dropOldRefreshes(database)) + (await dropOldLookups(database));
    });
}
