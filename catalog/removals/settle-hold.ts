import type { PoolClient } from 'pg';
import { type Database, withClient } from '../../db/database.js';
import { BURY, ENQUEUE_FOR_SEARCH } from '../collect/publish-sql.js';
import { tellOutsideOfRuns } from '../events/tell-outside-of-runs.js';
import { isBusy, lockDatabase } from './lock-database.js';

/** What one step of settling a hold came to. */
export type SettlingStep =
  /** Nothing is left to be done. */
  | { next: 'done' }
  /** Nobody has decided, and there is time left. */
  | { next: 'wait'; ms: number }
  /** A run is on the database; what was approved goes once it has ended. */
  | { next: 'busy' }
  /** Some of what was approved went; call again. */
  | { next: 'more'; removed: number };

/**
 * Brings a hold one step on, in one transaction: it expires when its time is over, and of approved removals up to `limit`
 * tables leave the map. Only tables that were held when it was approved and that no listing has shown since go. Repeatable.
 */
export async function settleHold(database: Database, id: string, limit: number): Promise<SettlingStep> {
  return withClient(database, async (client) => {
    const found = await client.query<{ databaseId: string }>(
      `SELECT collected_database_id AS "databaseId" FROM held_removal WHERE id = $1`,
      [id],
    );
    const databaseId = found.rows[0]?.databaseId;
    // The database first, as runs lock them.
    if (databaseId === undefined || !(await lockDatabase(client, databaseId))) return { next: 'done' };
    const hold = await lockHold(client, id);
    if (hold === undefined) return { next: 'done' };
    if (hold.status === 'held' && hold.msLeft > 0) return { next: 'wait', ms: hold.msLeft };
    if (hold.status === 'held') {
      await client.query(`UPDATE held_removal SET status = 'expired', decided_at = now() WHERE id = $1`, [id]);
    }
    if (hold.status === 'approved') {
      if (await isBusy(client, databaseId, ['collecting', 'collected', 'publishing'])) return { next: 'busy' };
      const removed = await removeSome(client, hold, databaseId, limit);
      if (removed > 0) return { next: 'more', removed };
    }
    await client.query(`UPDATE held_removal SET settled_at = now() WHERE id = $1`, [id]);
    return { next: 'done' };
  });
}

interface LockedHold {
  id: string;
  status: string;
  crawlerId: string;
  runId: string | null;
  msLeft: number;
}

async function lockHold(client: PoolClient, id: string): Promise<LockedHold | undefined> {
  const { rows } = await client.query<LockedHold>(
    `SELECT id, status, crawler_id AS "crawlerId", run_id AS "runId",
            ceil(extract(epoch FROM expires_at - now()) * 1000)::float8 AS "msLeft"
     FROM held_removal
     WHERE id = $1 AND settled_at IS NULL
     FOR UPDATE`,
    [id],
  );
  return rows[0];
}

async function removeSome(
  client: PoolClient,
  { id, crawlerId, runId }: LockedHold,
  databaseId: string,
  limit: number,
): Promise<number> {
  const { rows } = await client.query<{ entityId: string; living: boolean }>(
    `SELECT held.entity_id AS "entityId", e.removed_at IS NULL AS living
     FROM held_removal_object held
     JOIN entity e ON e.id = held.entity_id
     WHERE held.held_removal_id = $1 AND held.state = 'held'
     ORDER BY held.entity_id
     LIMIT $2`,
    [id, limit],
  );
  if (rows.length === 0) return 0;
  const living = rows.filter((row) => row.living).map(({ entityId }) => entityId);
  await client.query(BURY, [runId, living]);
  await client.query(ENQUEUE_FOR_SEARCH, [crawlerId, living]);
  await tellOutsideOfRuns(client, { databaseId, crawlerId, cause: 'removal-approved' }, 'removed', living);
  await client.query(
    `UPDATE held_removal_object SET state = 'removed' WHERE held_removal_id = $1 AND entity_id = ANY($2::bigint[])`,
    [id, rows.map(({ entityId }) => entityId)],
  );
  await client.query(
    `UPDATE held_removal SET tables = greatest(0, tables - $2), removed = removed + $3 WHERE id = $1`,
    [id, rows.length, living.length],
  );
  await client.query(`UPDATE collected_database SET table_count = greatest(0, table_count - $2) WHERE id = $1`, [
    databaseId,
    living.length,
  ]);
  return rows.length;
}
