import type { Database } from '../../db/database.js';

/**
 * Counts that a person opened an entity's page: once a day, by the days of UTC. What is opened more stands before its
 * equals in search, which is told each time the count has doubled: the order of hits moves with orders of magnitude, and
 * a page read by a thousand people costs the index ten writes. Told without a crawler, since it is none's change and no
 * run waits for it.
 */
export async function recordOpen(database: Database, personId: string, entityId: string): Promise<void> {
  await database.raw(
    `WITH viewed AS (
       INSERT INTO entity_view (entity_id, day, person_id)
       VALUES (?, (now() AT TIME ZONE 'UTC')::date, ?)
       ON CONFLICT DO NOTHING
       RETURNING entity_id
     ), opened AS (
       INSERT INTO entity_opens AS o (entity_id, opens)
       SELECT entity_id, 1 FROM viewed
       ON CONFLICT (entity_id) DO UPDATE SET opens = o.opens + 1
       RETURNING entity_id, opens
     )
     INSERT INTO search_outbox (entity_id)
     SELECT entity_id FROM opened WHERE opens & (opens - 1) = 0`,
    [entityId, personId],
  );
}
