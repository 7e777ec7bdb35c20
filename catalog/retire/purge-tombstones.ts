import { type Database, withClient } from '../../db/database.js';
import { query } from '../../db/query.js';
import { isBusy } from '../removals/lock-database.js';
import { deleteEntities } from './delete-entities.js';

/** Databases with tombstones older than so many days. */
export async function databasesToPurge(database: Database, days: number): Promise<string[]> {
  const rows = await query<{ id: string }>(
    database,
    `SELECT d.id
       FROM collected_database d
      WHERE EXISTS (
              SELECT 1 FROM entity e
               WHERE e.collected_database_id = d.id AND e.removed_at < now() - make_interval(days => :days))
      ORDER BY d.id`,
    { days },
  );
  return rows.map(({ id }) => id);
}

/**
 * Deletes some tombstones of a database that are older than so many days, with their versions. To be called until it
 * returns 0. While a run publishes the database they wait: it may be bringing one of them back.
 * @param limit most entities a call deletes; each call is one transaction
 */
export async function purgeTombstones(
  database: Database,
  collectedDatabaseId: string,
  { days, limit }: { days: number; limit: number },
): Promise<number> {
  return withClient(database, async (client) => {
    const { rows: locked } = await client.query<{ crawlerId: string | null }>(
      `SELECT crawler_id AS "crawlerId" FROM collected_database WHERE id = $1 FOR UPDATE SKIP LOCKED`,
      [collectedDatabaseId],
    );
    if (locked[0] === undefined || (await isBusy(client, collectedDatabaseId, ['publishing']))) return 0;
    const { rows } = await client.query<{ id: string }>(
      `SELECT id
       FROM entity
       WHERE collected_database_id = $1 AND removed_at < now() - make_interval(days => $2)
       ORDER BY removed_at
       LIMIT $3
       FOR UPDATE`,
      [collectedDatabaseId, days, limit],
    );
    const ids = rows.map(({ id }) => id);
    if (ids.length > 0) await deleteEntities(client, locked[0].crawlerId, ids);
    return ids.length;
  });
}
