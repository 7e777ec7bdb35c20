import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** Crawlers whose deletion was asked for and has not ended: asked of the engine again, it is the same operation. */
export async function deletingCrawlers(database: Database): Promise<{ id: string; name: string }[]> {
  return query(database, `SELECT id, name FROM crawler WHERE status = 'deleting' ORDER BY id`);
}
