import type { Logger } from 'pino';
import type { Database } from '../db/database.js';
import type { Orchestrator } from '../orchestrator/port.js';
import type { SearchIndex } from '../search/port.js';
import type { ApiConfig } from './config.js';
import type { EventFeed } from './events/feed.js';

/** What every route works with. Tests hand in a fake orchestrator; everything else is real there too. */
export interface ApiContext {
  database: Database;
  orchestrator: Orchestrator;
  searchIndex: SearchIndex;
  /** Seals data sources' credentials, and keys the digests of request bodies. 32 bytes. */
  secretKey: Buffer;
  log: Logger;
  /** The streams of events of this process. */
  events: EventFeed;
  config: ApiConfig;
}
