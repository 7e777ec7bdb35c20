import type { Database } from '../../db/database.js';
import { prepared } from '../../db/query.js';

/**
 * Counts that a person opened an entity's page: once a day, by the days of UTC. What is opened more stands before its
 * equals in search, which is told each time the count has doubled: the order of hits moves with orders of magnitude, and
 * a page read by a thousand people costs the index ten writes. Told without a crawler, since it is none's change and no
 * run waits for it.
 *
 * Somebody waits for the page, so this does not wait for the disk: a crash may lose what was counted in its last second,
 * all of it together.
 * @returns whether it was counted now, and not before on this day
 */
export async function recordOpen(database: Database, personId: string, entityId: string): Promise<boolean> {
  const [counted] = await prepared<{ viewed: boolean }>(
    database,
    `WITH unhurried AS (
       SELECT set_config('synchronous_commit', 'off', true)
     ), viewed AS (
       INSERT INTO entity_view (entity_id, day, person_id)
       SELECT :entityId, (now() AT TIME ZONE 'UTC')::date, :personId FROM unhurried
       ON CONFLICT DO NOTHING
       RETURNING entity_id
     ), opened AS (
       INSERT INTO entity_opens AS o (entity_id, opens)
       SELECT entity_id, 1 FROM viewed
       ON CONFLICT (entity_id) DO UPDATE SET opens = o.opens + 1
       RETURNING entity_id, opens
     ), told AS (
       INSERT INTO search_outbox (entity_id)
       SELECT entity_id FROM opened WHERE opens & (opens - 1) = 0
     )
     SELECT EXISTS (SELECT FROM viewed) AS viewed`,
    { entityId, personId },
  );
  return counted?.viewed === true;
}
