import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { DAYS_OF_RUNS } from './forget-events.js';

/**
 * Ends what these jobs no longer move, and lets begin again what they do. A job's latest run that completed and said what it
 * reads and writes is whole, with the other runs of the same parent: a program that runs a job several times says what it
 * moves in all of them. What was last told before the first of these began is none of the job's any more. Runs that still run,
 * failed, or never end tell what they move and end nothing.
 *
 * It follows from the times that events tell, whatever their order. A run that is older than runs are kept settles nothing:
 * some of its parts may be forgotten. Returns the jobs of which something began or ended.
 */
export async function settleFlows(transaction: Database, processIds: readonly string[]): Promise<string[]> {
  if (processIds.length === 0) return [];
  const rows = await query<{ processId: string }>(
    transaction,
    `WITH whole AS (
       SELECT p.id AS process_id, coalesce(parts.first_at, latest.first_at) AS first_at
       FROM unnest(CAST(:processIds AS bigint[])) AS p(id)
       CROSS JOIN LATERAL (
         SELECT r.first_at, r.parent, r.touched_at
         FROM lineage_run r
         WHERE r.process_id = p.id AND r.state = 'COMPLETE' AND r.moves
         ORDER BY r.first_at DESC, r.key DESC
         LIMIT 1
       ) latest
       LEFT JOIN LATERAL (
         SELECT min(r.first_at) AS first_at
         FROM lineage_run r
         WHERE r.process_id = p.id AND r.parent = latest.parent
       ) parts ON true
       WHERE latest.touched_at >= now() - make_interval(days => :days)
     )
     UPDATE lineage_job_flow f
     SET ended_at = CASE WHEN f.seen_at < w.first_at THEN w.first_at END
     FROM whole w
     WHERE f.process_id = w.process_id AND (f.ended_at IS NULL) = (f.seen_at < w.first_at)
     RETURNING f.process_id AS "processId"`,
    { processIds: [...new Set(processIds)], days: DAYS_OF_RUNS },
  );
  return [...new Set(rows.map(({ processId }) => processId))];
}
