import { finishListing } from '../catalog/jobs/database-listings.js';
import { resolveConnection } from '../catalog/sources/resolve-connection.js';
import type { GroupActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { Governor } from './governor.js';
import { withLiveness } from './liveness.js';

/** How long somebody who waits for the answer waits for a connection. */
const PATIENCE_MS = 8_000;

/** Makes the activity that lists a source's databases into the listing's row; only their number goes through Temporal. */
export function createListDatabases(context: ActivityContext): GroupActivities['listDatabases'] {
  const { database, secretKey, loadConnector } = context;
  return ({ listingId, dataSourceId }) =>
    withLiveness(async ({ signal }) => {
      const { type, ...connection } = await resolveConnection(database, secretKey, dataSourceId);
      const connector = await loadConnector(type);
      const governor = await Governor.ofSource(context, dataSourceId);
      const databases = await governor.admit(
        signal,
        (admission) => connector.listDatabases(connection, { signal: admission.signal, pace: admission.pace }),
        { patience: PATIENCE_MS },
      );
      await finishListing(database, listingId, { databases });
      return { databases: databases.length };
    });
}
