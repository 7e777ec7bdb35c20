import type { PoolClient } from 'pg';
import { type Database, withClient } from '../../db/database.js';
import { type Cause, tellWebhooks } from '../events/tell-outside-of-runs.js';
import { DatabaseLeftScope } from '../runs/errors.js';

/**
 * Ends the units of open runs on databases that left the crawler's scope. Whoever publishes one holds its row, so this
 * waits for the page in work; after it neither a collector nor a publisher of theirs can write any more. Other units of
 * the same run go on. Repeatable.
 */
export async function fenceLeavingUnits(database: Database, crawlerId: string): Promise<void> {
  await withClient(database, async (client) => {
    const { rows } = await client.query<{ run_id: string; unit: number; database_name: string }>(
      `SELECT u.run_id, u.unit, u.database_name
       FROM collected_database d
       JOIN crawl_unit u ON u.collected_database_id = d.id
       WHERE d.crawler_id = $1 AND d.retiring_at IS NOT NULL
         AND u.status IN ('pending', 'collecting', 'collected', 'publishing')
       ORDER BY u.run_id, u.unit
       FOR UPDATE OF u`,
      [crawlerId],
    );
    for (const { run_id, unit, database_name } of rows) {
      const { code, message, remedy } = new DatabaseLeftScope(database_name);
      await client.query(
        `WITH ended AS (
           UPDATE crawl_unit SET status = 'failed', error = $3, ended_at = now() WHERE run_id = $1 AND unit = $2
         )
         DELETE FROM staged_object WHERE run_id = $1 AND unit = $2`,
        [run_id, unit, JSON.stringify({ code, message, remedy })],
      );
    }
  });
}

/**
 * Takes some of what a crawler's leaving databases hold off the map, and tells search: its entities become tombstones
 * that keep what people wrote. When nothing living is left of a database it is retired: no crawler's, and free for
 * any. Counts into the crawler's open operations. To be called until it returns 0, after `fenceLeavingUnits`.
 * @param limit most entities a call takes; each call is one transaction, and no reader waits for it
 * @returns how many it took
 */
export async function retireBatch(database: Database, crawlerId: string, limit: number): Promise<number> {
  return withClient(database, async (client) => {
    // Whoever edits the crawler holds its row: then the databases that leave are those of the edit, all of them.
    const { rows: crawlers } = await client.query<{ status: string }>(
      `SELECT status FROM crawler WHERE id = $1 FOR SHARE`,
      [crawlerId],
    );
    const cause = crawlers[0]?.status === 'deleting' ? 'crawler-deleted' : 'scope-narrowed';
    const { rows: leaving } = await client.query<{ id: string }>(
      `SELECT id FROM collected_database
       WHERE crawler_id = $1 AND retiring_at IS NOT NULL
       ORDER BY id
       FOR NO KEY UPDATE`,
      [crawlerId],
    );
    const databases = leaving.map(({ id }) => id);
    const taken = await bury(client, { crawlerId, cause }, databases, limit);
    if (taken < limit) await letGo(client, databases);
    await client.query(
      `UPDATE operation
       SET status = 'running', started_at = coalesce(started_at, now()), removed = removed + $2, error = NULL,
           cleared_at = CASE WHEN $3 THEN coalesce(cleared_at, now()) END
       WHERE crawler_id = $1 AND status IN ('queued', 'running')`,
      [crawlerId, taken, taken < limit],
    );
    return taken;
  });
}

async function bury(
  client: PoolClient,
  why: { crawlerId: string; cause: Cause },
  databases: string[],
  limit: number,
): Promise<number> {
  const { rows } = await client.query<{ id: string; kind: string }>(
    `SELECT e.id, e.kind
     FROM unnest($1::bigint[]) AS d (id)
     CROSS JOIN LATERAL (
       SELECT id, kind FROM entity WHERE collected_database_id = d.id AND removed_at IS NULL LIMIT $2
     ) e
     LIMIT $2`,
    [databases, limit],
  );
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return 0;
  await client.query(`INSERT INTO search_outbox (entity_id, crawler_id) SELECT unnest($2::bigint[]), $1`, [
    why.crawlerId,
    ids,
  ]);
  // Who follows events has been told that the database left, before its tables do.
  const tables = rows.filter(({ kind }) => kind === 'table').map(({ id }) => id);
  await tellWebhooks(client, why, 'removed', tables);
  await client.query(`DELETE FROM source_object WHERE entity_id = ANY ($1::bigint[])`, [ids]);
  // A tombstone stands under its own guid, whoever it had to give way to.
  await client.query(
    `UPDATE entity SET removed_at = now(), removed_run_id = NULL, guid = split_part(guid, '#', 1)
     WHERE id = ANY ($1::bigint[])`,
    [ids],
  );
  return ids.length;
}

/** Nothing of these databases is living any more. One of which not even a tombstone is left goes at once. */
async function letGo(client: PoolClient, databases: string[]): Promise<void> {
  await client.query(`DELETE FROM source_object WHERE collected_database_id = ANY ($1::bigint[])`, [databases]);
  await client.query(
    `DELETE FROM collected_database d
     WHERE d.id = ANY ($1::bigint[]) AND NOT EXISTS (SELECT 1 FROM entity e WHERE e.collected_database_id = d.id)`,
    [databases],
  );
  await client.query(
    `UPDATE collected_database
     SET crawler_id = NULL, retired_at = now(), table_count = NULL
     WHERE id = ANY ($1::bigint[])`,
    [databases],
  );
}
