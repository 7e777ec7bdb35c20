import { forgetOldEvents } from '../catalog/events/event-log.js';
import { dropExpiredPreviews } from '../catalog/preview/previews.js';
import { dropOldLookups } from '../catalog/refresh/lookups.js';
import { dropOldRefreshes } from '../catalog/refresh/refreshes.js';
import { forgetOldBatches } from '../catalog/webhooks/deliveries.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { withLiveness } from './liveness.js';

/** A browser that was away for longer reads its pages again, which it would do anyhow. */
const HOURS_OF_EVENTS = 24;
/** As long as a tombstone, without which nothing can be told of a removal. */
const DAYS_OF_BATCHES = 30;

/** Makes the activity that deletes what is kept for a short time only: what was read of sources for people, and events. */
export function createDropExpired({ database }: ActivityContext): ControlActivities['dropExpired'] {
  return () =>
    withLiveness(async () => {
      const previews = await dropExpiredPreviews(database);
      const asked = (await dropOldRefreshes(database)) + (await dropOldLookups(database));
      const told =
        (await forgetOldEvents(database, HOURS_OF_EVENTS)) + (await forgetOldBatches(database, DAYS_OF_BATCHES));
      return previews + asked + told;
    });
}
