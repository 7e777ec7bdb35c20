import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { closeRun } from './close-run.js';
import { appendRunLog } from './run-log.js';

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

/** Seconds a Stop may go unconfirmed before it can be forced. */
export const FORCE_STOP_AFTER = 60;

/** When an unconfirmed Stop may be forced, and whether that time has come by the database's clock; null without a Stop. */
export async function forceStopFrom(database: Database, runId: string): Promise<{ from: Date; now: boolean } | null> {
  const [row] = await query<{ from: Date; now: boolean }>(
    database,
    `SELECT stop_requested_at + make_interval(secs => :after) AS "from",
            stop_requested_at + make_interval(secs => :after) <= now() AS now
       FROM crawl_run
      WHERE id = :runId AND status = 'stopping' AND stop_requested_at IS NOT NULL`,
    { runId, after: FORCE_STOP_AFTER },
  );
  return row ?? null;
}

/** Records that a run was ended without its workflow's word. What its ended units published stays. */
export async function recordForcedStop(database: Database, runId: string, by: string): Promise<void> {
  await appendRunLog(database, runId, [
    { level: 'warn', step: 'stop', message: `${by} ended the run by force: the Stop had not been confirmed in time` },
  ]);
  await closeRun(database, {
    runId,
    status: 'terminated',
    error: {
      code: 'FORCE_STOPPED',
      message: 'The run was asked to stop, did not confirm it, and was ended by force',
      remedy:
        'What it had published stays; the next run collects what it left. Look at its log for the step that hung.',
    },
  });
}
