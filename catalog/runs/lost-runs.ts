import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { OpenStatus } from './run-state.js';

/** A queued run is left alone for so long: whoever asked for it may be about to start it. */
const QUEUED_MINUTES = 5;

/** A run that is open by its row, and what its end depends on if nobody works for it. */
export interface OpenRun {
  runId: string;
  crawlerId: string;
  status: OpenStatus;
  /** The engine's id of its first execution; null of one that has not begun. */
  workflowRunId: string | null;
  stopRequestedAt: Date | null;
  pausedAt: Date | null;
}

/** Every run that is open by its row, except those queued a moment ago. */
export async function openRuns(database: Database): Promise<OpenRun[]> {
  return query<OpenRun>(
    database,
    `SELECT id AS "runId", crawler_id AS "crawlerId", status, workflow_run_id AS "workflowRunId",
            stop_requested_at AS "stopRequestedAt", paused_at AS "pausedAt"
       FROM crawl_run
      WHERE status IN ('queued', 'running', 'stopping')
        AND (status <> 'queued' OR queued_at < now() - make_interval(mins => :minutes))
      ORDER BY number`,
    { minutes: QUEUED_MINUTES },
  );
}
