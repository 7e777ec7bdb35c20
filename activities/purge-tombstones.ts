import { databasesToPurge, purgeTombstones } from '../catalog/retire/purge-tombstones.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { withLiveness } from './liveness.js';

/** Entities deleted in one transaction. */
const BATCH = 1_000;
const DAYS = 30;

/** Makes the activity that deletes for good what was removed from the map longer ago than it can be restored. */
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
      return purged;
    });
}
