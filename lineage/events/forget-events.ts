import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** Days for which events are kept as they came. */
const DAYS_OF_EVENTS = 7;
/** Days for which a run is kept after its latest event came; so long, further ones join those before. */
export const DAYS_OF_RUNS = 30;

/**
 * Drops some of the events and runs that are older, and what a job no longer moves; what they said of jobs and data sets
 * stays. Returns how many went.
 */
export async function forgetEvents(database: Database, limit: number): Promise<number> {
  const events = await query(
    database,
    `DELETE FROM lineage_event
     WHERE id IN (
       SELECT id FROM lineage_event WHERE folded_at < now() - make_interval(days => :days) ORDER BY folded_at LIMIT :limit
     )
     RETURNING 1`,
    { days: DAYS_OF_EVENTS, limit },
  );
  const runs = await query(
    database,
    `DELETE FROM lineage_run
     WHERE id IN (
       SELECT id FROM lineage_run WHERE touched_at < now() - make_interval(days => :days) ORDER BY touched_at LIMIT :limit
     )
     RETURNING 1`,
    { days: DAYS_OF_RUNS, limit },
  );
  const flows = await query(
    database,
    `DELETE FROM lineage_job_flow
     WHERE (process_id, upstream, downstream) IN (
       SELECT process_id, upstream, downstream
       FROM lineage_job_flow
       WHERE ended_at < now() - make_interval(days => :days)
       ORDER BY ended_at
       LIMIT :limit
     )
     RETURNING 1`,
    { days: DAYS_OF_RUNS, limit },
  );
  return events.length + runs.length + flows.length;
}
