import type { PoolClient } from 'pg';
import { type Database, withClient } from '../../db/database.js';
import { deleteEntities } from './delete-entities.js';

/**
 * Deletes some of what a crawler has put on the map, tombstones included. To be called until it returns 0, once
 * nothing collects for the crawler any more.
 * @param limit most entities a call deletes; each call is one transaction
 * @returns how many it deleted
 */
export async function deleteCatalogBatch(database: Database, crawlerId: string, limit: number): Promise<number> {
  return withClient(database, (client) => deleteBatch(client, crawlerId, limit, 'TRUE'));
}

/**
 * The same for the databases that were taken out of the crawler's scope. When nothing is left of one, the database
 * itself goes and is free for any crawler. To be called until it returns 0.
 */
export async function retireBatch(database: Database, crawlerId: string, limit: number): Promise<number> {
  return withClient(database, async (client) => {
    const deleted = await deleteBatch(client, crawlerId, limit, 'd.retiring_at IS NOT NULL');
    await client.query(
      `DELETE FROM collected_database d
       WHERE d.crawler_id = $1 AND d.retiring_at IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM entity e WHERE e.collected_database_id = d.id)`,
      [crawlerId],
    );
    return deleted;
  });
}

async function deleteBatch(
  client: PoolClient,
  crawlerId: string,
  limit: number,
  databases: 'TRUE' | 'd.retiring_at IS NOT NULL',
): Promise<number> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT e.id
     FROM collected_database d
     CROSS JOIN LATERAL (
       SELECT id FROM entity WHERE collected_database_id = d.id ORDER BY id LIMIT $2
     ) e
     WHERE d.crawler_id = $1 AND ${databases}
     LIMIT $2`,
    [crawlerId, limit],
  );
  if (rows.length > 0) {
    await deleteEntities(
      client,
      crawlerId,
      rows.map(({ id }) => id),
    );
  }
  return rows.length;
}
