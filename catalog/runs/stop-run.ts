import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/**
 * Records that somebody asked the crawler's open run to stop. The run ends when its workflow says so.
 * @returns the run asked to stop; undefined when none is open
 */
export async function markStopping(
  database: Database,
  request: { crawlerId: string; requestedBy?: string },
): Promise<{ runId: string } | undefined> {
  const [run] = await query<{ id: string }>(
    database,
    `UPDATE crawl_run
        SET status = 'stopping',
            stop_requested_at = coalesce(stop_requested_at, now()),
            stop_requested_by = coalesce(stop_requested_by, :requestedBy::uuid)
      WHERE crawler_id = :crawlerId AND status IN ('queued', 'running', 'stopping')
      RETURNING id`,
    { crawlerId: request.crawlerId, requestedBy: request.requestedBy ?? null },
  );
  return run === undefined ? undefined : { runId: run.id };
}
