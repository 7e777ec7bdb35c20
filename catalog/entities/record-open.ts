import type { Database } from '../../db/database.js';

/**
 * Counts that somebody opened an entity's page. What is opened more stands before its equals in search, which is told
 * each time the count has doubled: the order of hits moves with orders of magnitude, and a page read a thousand times
 * costs the index ten writes. Told without a crawler, since it is none's change and no run waits for it.
 */
export async function recordOpen(database: Database, entityId: string): Promise<void> {
  await database.raw(
    `WITH opened AS (
       INSERT INTO entity_opens AS o (entity_id, opens) VALUES (?, 1)
       ON CONFLICT (entity_id) DO UPDATE SET opens = o.opens + 1
       RETURNING entity_id, opens
     )
     INSERT INTO search_outbox (entity_id)
     SELECT entity_id FROM opened WHERE opens & (opens - 1) = 0`,
    [entityId],
  );
}
