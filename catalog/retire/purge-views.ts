import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/**
 * Forgets who opened which page longer ago than so many days, by the days of UTC. How often a page was opened at all is kept
 * apart and stays. To be called until it returns less than the limit.
 */
export async function purgeViews(
  database: Database,
  { days, limit }: { days: number; limit: number },
): Promise<number> {
  const rows = await query(
    database,
    `DELETE FROM entity_view
      WHERE ctid = ANY (ARRAY(
              SELECT ctid FROM entity_view WHERE day < (now() AT TIME ZONE 'UTC')::date - CAST(:days AS integer) LIMIT :limit))
      RETURNING 1 AS purged`,
    { days, limit },
  );
  return rows.length;
}
