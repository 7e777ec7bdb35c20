import { RefreshNeedsCrawl } from '../catalog/refresh/errors.js';
import { finishLookup, lookupOrder } from '../catalog/refresh/lookups.js';
import { resolveConnection } from '../catalog/sources/resolve-connection.js';
import type { ControlActivities, GroupActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { Governor } from './governor.js';
import { withLiveness } from './liveness.js';

/** How long somebody who waits for the answer waits for a connection. */
const PATIENCE_MS = 8_000;

/** Makes the activity that asks a source whether it has a table, and leaves the answer in the lookup's row. */
export function createLookUpTable(context: ActivityContext): GroupActivities['lookUpTable'] {
  const { database, secretKey, loadConnector } = context;
  return ({ lookupId }) =>
    withLiveness(async ({ signal }) => {
      const order = await lookupOrder(database, lookupId);
      const { type, ...connection } = await resolveConnection(database, secretKey, order.dataSourceId);
      const connector = await loadConnector(type);
      const governor = await Governor.ofSource(context, order.dataSourceId);
      const found = await governor.admit(
        signal,
        async (admission) => {
          const reader = await connector.openDatabase(connection, order.database, admission);
          try {
            if (reader.find === undefined)
              throw new RefreshNeedsCrawl(order.database, 'its connector looks for no names');
            return await reader.find([{ schema: order.schema, name: order.table }]);
          } finally {
            await reader.close();
          }
        },
        { patience: PATIENCE_MS },
      );
      const status = found.some(({ name }) => name === order.table) ? 'found' : 'absent';
      await finishLookup(database, lookupId, { status });
      return { found: status === 'found' };
    });
}

/** Makes the activity that ends a lookup which no worker took up or that failed. */
export function createCloseLookup({ database }: ActivityContext): ControlActivities['closeLookup'] {
  return ({ lookupId, failure }) => finishLookup(database, lookupId, { status: 'failed', failure });
}
