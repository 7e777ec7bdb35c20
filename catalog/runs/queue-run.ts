import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { RunStatus, RunTrigger } from './run-state.js';

export interface RunHeading {
  runId: string;
  /** Counts up over all runs of the installation; what people call the run by. */
  number: number;
  status: RunStatus;
}

/** Of a run's row: it was queued, and closed by another run that the engine began first. */
const OVERTAKEN = `status = 'skipped' AND started_at IS NULL AND error ->> 'code' = 'RUN_OVERTAKEN'`;

/**
 * Shows a run as waiting before its workflow gets to open it. Does nothing when the run's row exists, when another run
 * of the crawler is open, or when the crawler is gone or being deleted. One that another run passed over is queued anew.
 * @returns the run as it stands, or undefined when it has no row
 */
export async function queueRun(
  database: Database,
  run: {
    runId: string;
    crawlerId: string;
    trigger: RunTrigger;
    ofRunId?: string;
    requestedBy?: string;
    /** Set for one that was started in the quiet hours of its source all the same. */
    despiteQuietHours?: boolean;
  },
): Promise<RunHeading | undefined> {
  await query(database, `DELETE FROM crawl_run WHERE id = ? AND ${OVERTAKEN}`, [run.runId]);
  await query(
    database,
    `INSERT INTO crawl_run (id, crawler_id, workspace_id, trigger, of_run_id, requested_by, status, resource_group_id,
                            despite_quiet_hours)
     SELECT :runId::uuid, c.id, c.workspace_id, :trigger, :ofRunId::uuid, :requestedBy::uuid, 'queued',
            c.resource_group_id, :despiteQuietHours::boolean
       FROM crawler c
      WHERE c.id = :crawlerId AND c.status = 'active'
        -- The conflict below would do, but a row that is not inserted uses up a number too.
        AND NOT EXISTS (
          SELECT 1 FROM crawl_run r
           WHERE r.id = :runId OR (r.crawler_id = c.id AND r.status IN ('queued', 'running', 'stopping'))
        )
        -- Else a crawler that is deleted meanwhile is an error of the foreign key instead of no row.
        FOR KEY SHARE OF c
     ON CONFLICT DO NOTHING`,
    {
      runId: run.runId,
      crawlerId: run.crawlerId,
      trigger: run.trigger,
      ofRunId: run.ofRunId ?? null,
      requestedBy: run.requestedBy ?? null,
      despiteQuietHours: run.despiteQuietHours === true,
    },
  );
  const [row] = await query<{ number: string; status: RunStatus }>(
    database,
    'SELECT number, status FROM crawl_run WHERE id = ? AND crawler_id = ?',
    [run.runId, run.crawlerId],
  );
  return row === undefined ? undefined : { runId: run.runId, number: Number(row.number), status: row.status };
}

/**
 * Takes back a queued run whose workflow did not start, because another run of the crawler is open or the engine could
 * not be reached; also one that was passed over by that other run. A run that began stays.
 */
export async function unqueueRun(database: Database, runId: string): Promise<void> {
  await query(database, `DELETE FROM crawl_run WHERE id = ? AND (status = 'queued' OR (${OVERTAKEN}))`, [runId]);
}

/** Whether a run's row is there and has not ended. */
export async function isOpen(database: Database, runId: string): Promise<boolean> {
  const rows = await query(database, 'SELECT 1 FROM crawl_run WHERE id = ? AND ended_at IS NULL', [runId]);
  return rows.length > 0;
}

/**
 * Records that a cycle's time came while an earlier run was still open, or in the quiet hours of the source.
 * Repeatable.
 * @param run.quietUntil when those end
 */
export async function recordSkippedRun(
  database: Database,
  run: { crawlerId: string; runId: string; quietUntil?: Date },
): Promise<void> {
  await query(
    database,
    `INSERT INTO crawl_run (id, crawler_id, workspace_id, trigger, status, resource_group_id, ended_at, cu_hours, error)
     SELECT :runId::uuid, c.id, c.workspace_id, 'schedule', 'skipped', c.resource_group_id, now(), 0,
            CASE WHEN :quietUntil::text IS NOT NULL THEN jsonb_build_object(
              'code', 'QUIET_HOURS',
              'message', 'It was due in the quiet hours of the source, which last until ' || :quietUntil::text,
              'remedy', 'Move the plan out of the quiet hours, or change those of the data source.')
            ELSE jsonb_build_object(
              'code', 'EARLIER_RUN_OPEN',
              'message', 'The run before was still going when this one was due'
                || coalesce((SELECT ': run ' || o.number FROM crawl_run o
                              WHERE o.crawler_id = c.id AND o.status IN ('queued', 'running', 'stopping')), ''),
              'remedy', 'Give the plan longer intervals if this happens often, or the resource group more capacity.') END
       FROM crawler c
      WHERE c.id = :crawlerId
        FOR KEY SHARE OF c
     ON CONFLICT DO NOTHING`,
    { crawlerId: run.crawlerId, runId: run.runId, quietUntil: run.quietUntil?.toISOString() ?? null },
  );
}
