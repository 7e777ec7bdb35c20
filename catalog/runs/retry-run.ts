import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { UNITS_TO_RETRY } from './units.js';

/** What a retry of a run would collect. */
export interface Retry {
  /** Databases that it did not collect whole, and no later run has since. */
  databases: number;
  /** It came to no database at all: a retry begins with the whole scope. */
  all: boolean;
}

/** Tells what there is to retry of a run that ended. */
export async function retryOf(database: Database, runId: string): Promise<Retry> {
  const [row] = await query<{ units: number; databases: number; later: boolean }>(
    database,
    `SELECT (SELECT count(*)::int FROM crawl_unit WHERE run_id = :runId) AS units,
            (SELECT count(*)::int
               FROM collected_database d
              WHERE d.retiring_at IS NULL AND d.id IN (${UNITS_TO_RETRY(':runId')})) AS databases,
            EXISTS (SELECT 1
                      FROM crawl_run r
                      JOIN crawl_run l ON l.crawler_id = r.crawler_id AND l.number > r.number AND l.status = 'succeeded'
                       AND l.trigger NOT IN ('plan', 'revert')
                     WHERE r.id = :runId) AS later`,
    { runId },
  );
  const all = row?.units === 0 && row.later === false;
  return { databases: row?.databases ?? 0, all };
}
