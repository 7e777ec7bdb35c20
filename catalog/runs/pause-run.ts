import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { appendRunLog } from './run-log.js';

/** Who paused a run, when and why. */
export interface RunPause {
  since: Date;
  /** The person's name; null when the person is gone. */
  by: string | null;
  note: string | null;
}

/**
 * Pauses a queued or running run: no database is begun, and what is being read comes to rest after the page in work.
 * One that is paused keeps its first pause.
 * @returns whether the run is paused now; false when it is stopping or has ended
 */
export async function pauseRun(
  database: Database,
  runId: string,
  by: { personId: string | null; name: string; note?: string },
): Promise<boolean> {
  const [run] = await query<{ fresh: boolean }>(
    database,
    `WITH before AS (
       SELECT id, paused_at FROM crawl_run WHERE id = :runId AND status IN ('queued', 'running') FOR UPDATE
     )
     UPDATE crawl_run r
        SET paused_at = coalesce(r.paused_at, now()),
            paused_by = CASE WHEN before.paused_at IS NULL THEN :personId::uuid ELSE r.paused_by END,
            pause_note = CASE WHEN before.paused_at IS NULL THEN :note ELSE r.pause_note END
       FROM before
      WHERE r.id = before.id
      RETURNING before.paused_at IS NULL AS fresh`,
    { runId, personId: by.personId, note: by.note ?? null },
  );
  if (run?.fresh === true) {
    const note = by.note === undefined ? '' : `: ${by.note}`;
    await appendRunLog(database, runId, [
      { level: 'info', step: 'pause', message: `${by.name} paused the run${note}` },
    ]);
  }
  return run !== undefined;
}

/**
 * Lets a paused run go on.
 * @returns whether the run is open; whether it was paused makes no difference
 */
export async function resumeRun(database: Database, runId: string, by: { name: string }): Promise<boolean> {
  const [run] = await query<{ was: boolean }>(
    database,
    `WITH before AS (
       SELECT id, paused_at FROM crawl_run
        WHERE id = :runId AND status IN ('queued', 'running', 'stopping')
          FOR UPDATE
     )
     UPDATE crawl_run r
        SET paused_at = NULL, paused_by = NULL, pause_note = NULL
       FROM before
      WHERE r.id = before.id
      RETURNING before.paused_at IS NOT NULL AS was`,
    { runId },
  );
  if (run?.was === true)
    await appendRunLog(database, runId, [{ level: 'info', step: 'pause', message: `${by.name} let the run go on` }]);
  return run !== undefined;
}

/** Whether a run is paused. One that has ended is not. */
export async function isRunPaused(database: Database, runId: string): Promise<boolean> {
  const rows = await query(
    database,
    `SELECT 1 FROM crawl_run WHERE id = ? AND paused_at IS NOT NULL AND ended_at IS NULL`,
    [runId],
  );
  return rows.length > 0;
}
