import type { Logger } from 'pino';
import type { OpenLineageReceiver } from '../catalog/webhooks/openlineage-receiver.js';
import type { Connector } from '../connectors/contract.js';
import type { Database } from '../db/database.js';
import type { SearchIndex } from '../search/port.js';

/** What every activity of a worker process shares. Handed to the factories, so that tests choose their own. */
export interface ActivityContext {
  database: Database;
  /** Finds the connector of a source type. */
  loadConnector(type: string): Promise<Connector>;
  /** The key that seals data sources' credentials. */
  secretKey: Buffer;
  searchIndex: SearchIndex;
  /** How many days what was removed from the map can be restored; 30 when left out. */
  tombstoneDays?: number | undefined;
  /** Days after which a plan that nobody applied is dropped; 7 when left out. */
  planDays?: number | undefined;
  /** Days after which a statement of a query history that did not run again is forgotten; 30 when left out. */
  historyDays?: number | undefined;
  /** Who is told of runs as OpenLineage; nobody when left out. */
  openLineage?: OpenLineageReceiver | undefined;
  log: Logger;
  /** What time it is, for quiet hours; the machine's clock when left out. */
  now?(): Date;
  /** Who this worker is, for run logs and connection tests. */
  worker: { id: string; host: string; addresses: string[] };
}
