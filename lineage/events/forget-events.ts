import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** Days for which events are kept as they came, and for which further events of a run join those before. */
export const DAYS_KEPT = 7;

/** Drops some of the events and runs that are older; what they said of jobs and data sets stays. Returns how many went. */
export async function forgetEvents(database: Database, limit: number): Promise<number> {
  const events = await query(
    database,
    `DELETE FROM lineage_event
     WHERE id IN (
       SELECT id FROM lineage_event WHERE folded_at < now() - make_interval(days => :days) ORDER BY folded_at LIMIT :limit
     )
     RETURNING 1`,
    { days: DAYS_KEPT, limit },
  );
  const runs = await query(
    database,
    `DELETE FROM lineage_run
     WHERE id IN (
       SELECT id FROM lineage_run WHERE touched_at < now() - make_interval(days => :days) ORDER BY touched_at LIMIT :limit
     )
     RETURNING 1`,
    { days: DAYS_KEPT, limit },
  );
  return events.length + runs.length;
}
