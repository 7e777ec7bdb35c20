import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** Log lines deleted in one statement: a run can have hundreds of thousands. */
const LOG_LINES = 20_000;

/**
 * Deletes a crawler's runs with their logs, its scope, and last the crawler itself, with which its operation ends. Repeatable: whatever breaks it off
 * leaves the crawler's row behind, from which it is found again. The map must be empty of the crawler before.
 */
export async function dropCrawlerRows(database: Database, crawlerId: string): Promise<void> {
  const runs = await query<{ id: string }>(database, 'SELECT id FROM crawl_run WHERE crawler_id = ?', [crawlerId]);
  for (const { id } of runs) {
    await deleteLog(database, id);
    await query(database, 'DELETE FROM staged_object WHERE run_id = ?', [id]);
    await query(database, 'DELETE FROM run_change WHERE run_id = ?', [id]);
    await query(database, 'DELETE FROM crawl_run WHERE id = ?', [id]);
  }
  await query(
    database,
    `WITH ended AS (
       UPDATE operation SET status = 'done', error = NULL, ended_at = now()
        WHERE crawler_id = :crawlerId AND kind = 'delete_crawler' AND status IN ('queued', 'running')
     )
     DELETE FROM crawler WHERE id = :crawlerId`,
    { crawlerId },
  );
}

async function deleteLog(database: Database, runId: string): Promise<void> {
  for (;;) {
    const deleted = await query(
      database,
      `DELETE FROM run_log
       WHERE run_id = :runId
         AND seq IN (SELECT seq FROM run_log WHERE run_id = :runId ORDER BY seq LIMIT :limit)
       RETURNING 1`,
      { runId, limit: LOG_LINES },
    );
    if (deleted.length < LOG_LINES) return;
  }
}
