import { databasesToPurge, purgeTombstones } from '../catalog/retire/purge-tombstones.js';
import { purgeViews } from '../catalog/retire/purge-views.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { withLiveness } from './liveness.js';

/** Rows deleted in one transaction. */
const BATCH = 1_000;
const DAYS = 30;
/** Pages show thirty days of views; the rest is there for whoever asks the database. */
const DAYS_OF_VIEWS = 90;

/**
 * Makes the activity that deletes for good what was removed from the map longer ago than it can be restored, and forgets
 * who opened which page long ago.
 */
export function createPurgeTombstones({
  database,
  tombstoneDays = DAYS,
}: ActivityContext): ControlActivities['purgeTombstones'] {
  return () =>
    withLiveness<{ purged: number }, number>(async ({ signal, checkpoint }) => {
      let purged = 0;
      for (const id of await databasesToPurge(database, tombstoneDays)) {
        for (let batch = BATCH; batch > 0; ) {
          signal.throwIfAborted();
          batch = await purgeTombstones(database, id, { days: tombstoneDays, limit: BATCH });
          purged += batch;
          checkpoint({ purged });
        }
      }
      for (let batch = BATCH; batch === BATCH; ) {
        signal.throwIfAborted();
        batch = await purgeViews(database, { days: DAYS_OF_VIEWS, limit: BATCH });
        checkpoint({ purged });
      }
      return purged;
    });
}
