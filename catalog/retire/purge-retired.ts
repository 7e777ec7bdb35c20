import { type Database, withClient } from '../../db/database.js';
import { query } from '../../db/query.js';
import { deleteEntities } from './delete-entities.js';

/**
 * Deletes for good some of what deleted workspaces left behind, of which nobody may know, and the rows of retired
 * databases of which no tombstone is left. To be called until it returns 0.
 * @param limit most entities a call deletes; each call is one transaction
 * @returns how many it deleted
 */
export async function purgeRetired(database: Database, limit: number): Promise<number> {
  const deleted = await withClient(database, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `SELECT e.id
       FROM collected_database d
       JOIN entity e ON e.collected_database_id = d.id
       WHERE d.retired_at IS NOT NULL AND d.workspace_id IS NULL
       ORDER BY e.id
       LIMIT $1`,
      [limit],
    );
    if (rows.length > 0)
      await deleteEntities(
        client,
        null,
        rows.map(({ id }) => id),
      );
    return rows.length;
  });
  // Skips one that is just being handed over to a crawler, which then is not retired any more.
  await query(
    database,
    `WITH gone AS (
       DELETE FROM collected_database
        WHERE id IN (
          SELECT d.id
            FROM collected_database d
           WHERE d.retired_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM entity e WHERE e.collected_database_id = d.id)
           FOR UPDATE SKIP LOCKED)
        RETURNING id
     )
     DELETE FROM lineage_process p
      USING gone
      WHERE p.kind = 'query' AND p.collected_database_id = gone.id`,
  );
  return deleted;
}
