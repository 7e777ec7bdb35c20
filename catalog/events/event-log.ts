import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { MapEvent } from './event.js';

/** Of the advisory locks of the house, that of whoever gives events their places. */
const PLACING = 7326;
/** Events placed or forgotten in one transaction. */
const BATCH = 5_000;

/** Announced whenever something was told, in any process. */
export const EVENT_CHANNEL = 'datamap_event';

/**
 * Gives every event that was committed its place. Ids are handed out before transactions commit and in another order, so
 * that a reader which went by them would skip what commits late; a snapshot's horizon, the other way, would stand still
 * for all as long as any transaction of the server writes. Places are given by one process at a time, which holds the
 * lock until its own commit: whoever has read up to a place has read all there will ever be up to it.
 */
export async function placeEvents(database: Database): Promise<void> {
  for (let placed = BATCH; placed === BATCH; ) {
    const [waiting] = await query(database, 'SELECT 1 FROM event WHERE position IS NULL LIMIT 1');
    if (waiting === undefined) return;
    placed = await database.transaction(async (transaction) => {
      await query(transaction, 'SELECT pg_advisory_xact_lock(?)', [PLACING]);
      // A statement of its own: its snapshot is of after the wait.
      const rows = await query(
        transaction,
        `WITH waiting AS MATERIALIZED (
           SELECT id FROM event WHERE position IS NULL ORDER BY id LIMIT :limit
         ), placed AS MATERIALIZED (
           SELECT id, nextval('event_place') AS position FROM waiting
         )
         UPDATE event e SET position = p.position FROM placed p WHERE e.id = p.id
         RETURNING 1 AS placed`,
        { limit: BATCH },
      );
      return rows.length;
    });
  }
}

/** Events after a place, in their order. What is told of a database belongs to the workspace that has it now. */
export async function readEvents(database: Database, after: string, limit: number): Promise<MapEvent[]> {
  return query<MapEvent>(
    database,
    `SELECT e.position, e.at, e.type, coalesce(e.workspace_id, d.workspace_id) AS "workspaceId",
            e.collected_database_id AS "databaseId", e.person_id AS "personId", e.crawler_id AS "crawlerId", e.data
       FROM event e
       LEFT JOIN collected_database d ON d.id = e.collected_database_id
      WHERE e.position > CAST(:after AS bigint)
      ORDER BY e.position
      LIMIT :limit`,
    { after, limit },
  );
}

/** From where to where the log goes: what is after `oldest` can be told again, and nothing is after `newest` yet. */
export async function extentOfEvents(database: Database): Promise<{ oldest: string; newest: string }> {
  const [row] = await query<{ oldest: string; newest: string }>(
    database,
    `SELECT h.forgotten_to AS oldest,
            greatest(h.forgotten_to, coalesce((SELECT max(position) FROM event), 0)) AS newest
       FROM event_horizon h`,
  );
  return row ?? { oldest: '0', newest: '0' };
}

/** Forgets what happened longer ago than so many hours. @returns how many events */
export async function forgetOldEvents(database: Database, hours: number): Promise<number> {
  // What nobody was there to be told of has a place too: who comes back is to learn that it missed something.
  await placeEvents(database);
  let forgotten = 0;
  for (let batch = BATCH; batch === BATCH; forgotten += batch) {
    const [row] = await query<{ events: number }>(
      database,
      `WITH gone AS (
         DELETE FROM event
          WHERE id IN (
            SELECT id FROM event
             WHERE at < now() - make_interval(hours => :hours) AND position IS NOT NULL
             ORDER BY at
             LIMIT :limit)
         RETURNING position
       ), moved AS (
         UPDATE event_horizon
            SET forgotten_to = greatest(forgotten_to, (SELECT max(position) FROM gone))
          WHERE EXISTS (SELECT FROM gone)
       )
       SELECT count(*)::int AS events FROM gone`,
      { hours, limit: BATCH },
    );
    batch = row?.events ?? 0;
  }
  return forgotten;
}
