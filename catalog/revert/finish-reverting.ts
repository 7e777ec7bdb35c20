import { type Database, withClient } from '../../db/database.js';
import { catchUpOutboxMark } from '../collect/finish-publishing.js';
import type { PublishedCounts, UnitKey } from '../collect/publishing-unit.js';
import { lockRevertingUnit } from './revert-unit.js';

/**
 * Ends a unit of which every change was looked at. Repeatable.
 * @returns its counts of tables, and how many objects of any kind were left alone
 * @throws RunEnded, DatabaseLeftScope
 */
export async function finishReverting(
  database: Database,
  key: UnitKey,
): Promise<PublishedCounts & { leftAlone: number }> {
  const { crawlerId, ...finished } = await withClient(database, async (client) => {
    const unit = await lockRevertingUnit(client, key);
    const { rows } = await client.query<{ left: number }>(
      `SELECT count(*)::int AS left FROM crawl_problem WHERE run_id = $1 AND unit = $2 AND level = 'error'`,
      [key.runId, key.unit],
    );
    const leftAlone = rows[0]?.left ?? 0;
    await client.query(
      `UPDATE crawl_unit SET status = $3, ended_at = coalesce(ended_at, now()) WHERE run_id = $1 AND unit = $2`,
      [key.runId, key.unit, leftAlone === 0 ? 'done' : 'partial'],
    );
    await client.query(
      `UPDATE collected_database
       SET last_run_id = $2,
           table_count = (
             SELECT count(*)
             FROM entity
             WHERE collected_database_id = $1 AND kind = 'table' AND removed_at IS NULL
           )
       WHERE id = $1`,
      [unit.collectedDatabaseId, key.runId],
    );
    return { ...unit.counts, leftAlone, crawlerId: unit.crawlerId };
  });
  await catchUpOutboxMark(database, key.runId, crawlerId);
  return finished;
}
