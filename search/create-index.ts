import type { Database } from '../db/database.js';
import { createMeilisearchIndex } from './meilisearch/adapter.js';
import type { SearchIndex } from './port.js';
import { createPostgresqlIndex } from './postgresql/adapter.js';

/** The search index of this installation: Meilisearch where its address is given, else the catalog's own PostgreSQL. */
export function createSearchIndex(options: {
  database: Database;
  /** Address of a Meilisearch server, e.g. `http://127.0.0.1:7700`. */
  meiliUrl?: string | undefined;
  /** Its master key, or one that may do everything with the indexes `entities*`. */
  meiliKey?: string | undefined;
}): SearchIndex {
  if (options.meiliUrl === undefined || options.meiliUrl === '') return createPostgresqlIndex(options.database);
  return createMeilisearchIndex({ url: options.meiliUrl, key: options.meiliKey });
}
