import type { Database } from '../db/database.js';
import { documentsOf } from './documents.js';
import type { SearchIndex } from './port.js';
import { TURNS, takeTurn } from './turns.js';

/** How long a drain waits for another that is at work before it says "there is more". */
const PATIENCE = 10_000;

export interface DrainOptions {
  /** Most rows of one go. */
  limit?: number;
  /** Checked between steps, and breaks off a write to a remote engine. */
  signal?: AbortSignal;
  /** Only what this crawler changed. */
  crawlerId?: string;
}

/**
 * Brings the index up to date with the oldest changes in the outbox: reads the entities as they stand now, writes
 * them, waits until that is searchable, and only then deletes the rows. Call it until nothing remains.
 *
 * Drainers take turns by a lock outside any transaction (turns.ts), for two reasons. Two at once could read an entity
 * before and after a change and write the two in the wrong order, with both rows deleted after; row locks with SKIP LOCKED
 * alone do not keep the second row of one entity from another drainer. And locked rows would mean a transaction
 * that stays open while a remote engine works. Claims with a time limit were the alternative: each row written twice, and
 * a stalled drainer still late. Engines index in turn anyhow, so one drainer at a time loses no speed.
 *
 * Killed anywhere: rows not deleted are drained again, which changes nothing that is right already. A drainer
 * that loses its connection and with it the lock during a write cannot delete; it puts its entities back into
 * the outbox, since another may have written them in between and be overtaken by the late write.
 */
export async function drainOutbox(
  database: Database,
  index: SearchIndex,
  { limit = 1_000, signal, crawlerId }: DrainOptions = {},
): Promise<{ drained: number; remaining: boolean }> {
  const turn = await takeTurn(database, TURNS.drain, { patience: PATIENCE, signal });
  if (turn === undefined) return { drained: 0, remaining: await holdsMore(database, crawlerId) };
  try {
    const rows = await oldestRows(database, limit, crawlerId);
    if (rows.length === 0) return { drained: 0, remaining: false };
    signal?.throwIfAborted();
    const entityIds = [...new Set(rows.map(({ entity_id }) => entity_id))];
    await index.write(await documentsOf(database, entityIds), signal);
    try {
      await turn.client.query(DELETE_DRAINED, [rows.map(({ id }) => id), entityIds, TURNS.rebuild]);
    } catch (error) {
      await enqueue(database, entityIds, crawlerId).catch(() => undefined);
      throw error;
    }
    return { drained: rows.length, remaining: rows.length === limit && (await holdsMore(database, crawlerId)) };
  } finally {
    await turn.end();
  }
}

/** Deletes drained rows. While a rebuild is at work (its lock is held), it keeps their entities for the end of the rebuild. */
const DELETE_DRAINED = `
  WITH redo AS (
    INSERT INTO search_redo (entity_id)
    SELECT DISTINCT unnest($2::bigint[])
    WHERE EXISTS (
      SELECT FROM pg_locks
      WHERE locktype = 'advisory' AND classid = 0 AND objid = $3 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
    ON CONFLICT DO NOTHING
  )
  DELETE FROM search_outbox WHERE id = ANY ($1::bigint[])`;

async function oldestRows(database: Database, limit: number, crawlerId: string | undefined) {
  const { rows } = await database.raw<{ rows: { id: string; entity_id: string }[] }>(
    `SELECT id, entity_id FROM search_outbox
     ${crawlerId === undefined ? '' : 'WHERE crawler_id = ?'}
     ORDER BY ${crawlerId === undefined ? 'id' : 'crawler_id, id'}
     LIMIT ?`,
    crawlerId === undefined ? [limit] : [crawlerId, limit],
  );
  return rows;
}

async function holdsMore(database: Database, crawlerId: string | undefined): Promise<boolean> {
  const { rows } = await database.raw<{ rows: { more: boolean }[] }>(
    `SELECT EXISTS (SELECT FROM search_outbox ${crawlerId === undefined ? '' : 'WHERE crawler_id = ?'}) AS more`,
    crawlerId === undefined ? [] : [crawlerId],
  );
  return rows[0]?.more ?? false;
}

async function enqueue(database: Database, entityIds: string[], crawlerId: string | undefined): Promise<void> {
  await database.raw('INSERT INTO search_outbox (entity_id, crawler_id) SELECT unnest(?::bigint[]), ?::uuid', [
    entityIds,
    crawlerId ?? null,
  ]);
}
