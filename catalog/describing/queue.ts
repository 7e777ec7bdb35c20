import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import type { Failure } from '../runs/run-state.js';
import { storedFailure } from '../runs/stored-failure.js';
import { DescriptionsOff } from './errors.js';

/** Tables that are queued in one statement. */
const BATCH = 5_000;

/** Of the tables that may be sent: living, in scope, and of crawlers whose descriptions are turned on. */
export const OF_WILLING_CRAWLERS = `
  JOIN entity e ON e.id = r.entity_id AND e.kind = 'table' AND e.removed_at IS NULL
  JOIN collected_database d ON d.id = e.collected_database_id AND d.retiring_at IS NULL
  JOIN crawler c ON c.id = d.crawler_id AND c.ai_descriptions AND c.status = 'active'`;

/**
 * Notes that a run ended whose tables are to be looked through: it changed some, or is the first since its crawler wanted
 * descriptions. In the transaction that ends the run. A plan changes nothing.
 */
export async function markDue(transaction: Database, runId: string): Promise<void> {
  await query(
    transaction,
    `INSERT INTO description_due (crawler_id, run_id)
     SELECT c.id, r.id
       FROM crawl_run r
       JOIN crawler c ON c.id = r.crawler_id AND c.ai_descriptions
      WHERE r.id = ? AND r.trigger <> 'plan'
        AND (c.ai_looked_through_at IS NULL OR EXISTS (
              SELECT FROM run_change x WHERE x.run_id = r.id AND x.change IN ('added', 'changed', 'restored')))
     ON CONFLICT (crawler_id) DO UPDATE SET marked_at = clock_timestamp(), run_id = excluded.run_id`,
    [runId],
  );
}

/**
 * Queues the tables of crawlers that have run since: those that are new or say something else than when they were looked
 * at last. What is to be done is told by the map and not by the run, so that what one run leaves out a later one finds.
 * @returns how many were queued
 */
export async function queueDue(database: Database, signal?: AbortSignal): Promise<number> {
  const due = await query<{ crawlerId: string; runId: string | null; markedAt: string }>(
    database,
    `SELECT crawler_id AS "crawlerId", run_id AS "runId", marked_at::text AS "markedAt" FROM description_due ORDER BY marked_at`,
  );
  let queued = 0;
  for (const { crawlerId, runId, markedAt } of due) {
    for (;;) {
      signal?.throwIfAborted();
      const tables = await queueSome(database, crawlerId, runId);
      queued += tables;
      if (tables < BATCH) break;
    }
    await query(database, 'UPDATE crawler SET ai_looked_through_at = now() WHERE id = ? AND ai_descriptions', [
      crawlerId,
    ]);
    // A run that ended meanwhile marked it anew.
    await query(database, 'DELETE FROM description_due WHERE crawler_id = ? AND marked_at = ?::timestamptz', [
      crawlerId,
      markedAt,
    ]);
  }
  return queued;
}

async function queueSome(database: Database, crawlerId: string, runId: string | null): Promise<number> {
  const rows = await query(
    database,
    `INSERT INTO description_request (entity_id, hash, run_id)
     SELECT e.id, e.hash, (SELECT id FROM crawl_run WHERE id = :runId)
       FROM entity e
       JOIN collected_database d ON d.id = e.collected_database_id AND d.retiring_at IS NULL
       JOIN crawler c ON c.id = d.crawler_id AND c.ai_descriptions AND c.status = 'active'
      WHERE d.crawler_id = :crawlerId AND e.kind = 'table' AND e.removed_at IS NULL
        AND NOT EXISTS (SELECT FROM description_request r WHERE r.entity_id = e.id AND r.hash = e.hash)
      LIMIT :limit
     ON CONFLICT (entity_id) DO UPDATE
       SET hash = excluded.hash, status = 'waiting', attempts = 0, failure = NULL, queued_at = now(), not_before = now(),
             run_id = excluded.run_id
     RETURNING entity_id`,
    { crawlerId, runId, limit: BATCH },
  );
  return rows.length;
}

/**
 * Has a table asked about anew: its open and refused suggestions are dropped, and those that were rejected where that is
 * wanted.
 * @throws NotFound, DescriptionsOff
 */
export async function askAgain(database: Database, entityId: string, rejectedToo: boolean): Promise<void> {
  await database.transaction(async (transaction) => {
    const [table] = await query<{ willing: boolean; crawler: string }>(
      transaction,
      `SELECT c.ai_descriptions AS willing, c.name AS crawler
         FROM entity e
         JOIN collected_database d ON d.id = e.collected_database_id
         JOIN crawler c ON c.id = d.crawler_id
        WHERE e.id = ? AND e.kind = 'table' AND e.removed_at IS NULL`,
      [entityId],
    );
    if (table === undefined) throw new NotFound('table', entityId);
    if (!table.willing)
      throw new DescriptionsOff(
        `Descriptions by AI are off for the crawler ${table.crawler}`,
        'Turn them on for the crawler first ("aiDescriptions": true).',
      );
    await query(
      transaction,
      `DELETE FROM description_suggestion
        WHERE entity_id = :entityId
          AND (status IN ('open', 'stale', 'refused') OR (:rejectedToo AND status = 'rejected'))`,
      { entityId, rejectedToo },
    );
    await query(
      transaction,
      `INSERT INTO description_request (entity_id, hash)
       SELECT id, hash FROM entity WHERE id = ?
       ON CONFLICT (entity_id) DO UPDATE
         SET hash = excluded.hash, status = 'waiting', attempts = 0, failure = NULL, queued_at = now(), not_before = now(),
             run_id = NULL`,
      [entityId],
    );
  });
}

/** How long the queue is. */
export interface QueueLength {
  waiting: number;
  /** Given up; asked about again when they change, or when somebody resumes. */
  failed: number;
  /** Crawlers whose tables have not been looked through since their last run. */
  crawlersDue: number;
}

export async function queueLength(database: Database): Promise<QueueLength> {
  const [row] = await query<QueueLength>(
    database,
    `SELECT count(*) FILTER (WHERE r.status = 'waiting')::int AS waiting,
            count(*) FILTER (WHERE r.status = 'failed')::int AS failed,
            (SELECT count(*)::int FROM description_due) AS "crawlersDue"
       FROM description_request r ${OF_WILLING_CRAWLERS}
      WHERE r.status <> 'done'`,
  );
  return row ?? { waiting: 0, failed: 0, crawlersDue: 0 };
}

/** Whether there is anything to do, now or in a while. */
export async function hasWork(database: Database): Promise<boolean> {
  const rows = await query(
    database,
    `SELECT 1 WHERE EXISTS (SELECT FROM description_due)
         OR EXISTS (SELECT FROM description_request r ${OF_WILLING_CRAWLERS} WHERE r.status = 'waiting')`,
  );
  return rows.length > 0;
}

/** Milliseconds until a table that was put off is due; undefined where none waits. */
export async function untilNextTable(database: Database): Promise<number | undefined> {
  const [row] = await query<{ ms: number | null }>(
    database,
    `SELECT (extract(epoch FROM min(r.not_before) - now()) * 1000)::float8 AS ms
       FROM description_request r ${OF_WILLING_CRAWLERS}
      WHERE r.status = 'waiting'`,
  );
  return row?.ms == null ? undefined : Math.max(0, row.ms);
}

/** What a queued table was when it was read: what happens to it meanwhile is not overwritten. */
export interface QueuedTable {
  entityId: string;
  /** In hex, as it stands in the queue. */
  queuedHash: string;
  /** In hex, as the map has it. */
  hash: string;
}

/** Ends the work on tables in the form in which they were read; one that was queued again since stays. */
export async function markDone(database: Database, tables: readonly QueuedTable[]): Promise<void> {
  if (tables.length === 0) return;
  await query(
    database,
    `UPDATE description_request r
        SET status = 'done', hash = decode(t.hash, 'hex'), failure = NULL
       FROM unnest(:ids::bigint[], :queued::text[], :hashes::text[]) AS t (id, queued, hash)
      WHERE r.entity_id = t.id AND r.hash = decode(t.queued, 'hex') AND r.status = 'waiting'`,
    {
      ids: tables.map(({ entityId }) => entityId),
      queued: tables.map(({ queuedHash }) => queuedHash),
      hashes: tables.map(({ hash }) => hash),
    },
  );
}

/**
 * Puts a table behind the others after an attempt that came to nothing, or gives it up after so many.
 * @param counts whether the table may be the reason
 */
export async function putOff(
  database: Database,
  { entityId, queuedHash }: QueuedTable,
  failure: Failure,
  { counts, most, forMs }: { counts: boolean; most: number; forMs: number },
): Promise<void> {
  await query(
    database,
    `UPDATE description_request
        SET attempts = attempts + :counted::integer,
            status = CASE WHEN attempts + :counted::integer >= :most::integer THEN 'failed' ELSE 'waiting' END,
            failure = :failure, queued_at = now(), not_before = now() + interval '1 millisecond' * :forMs::float8
      WHERE entity_id = :entityId AND hash = decode(:queuedHash, 'hex') AND status = 'waiting'`,
    {
      entityId,
      queuedHash,
      most,
      forMs,
      counted: counts ? 1 : 0,
      failure: JSON.stringify(storedFailure(failure)),
    },
  );
}

/** How the asking about one table stands; undefined where it was never queued. */
export interface AskingState {
  status: 'waiting' | 'done' | 'failed';
  attempts: number;
  failure: Failure | null;
  queuedAt: Date;
}

export async function askingOf(database: Database, entityId: string): Promise<AskingState | undefined> {
  const [row] = await query<AskingState>(
    database,
    `SELECT status, attempts, failure, queued_at AS "queuedAt" FROM description_request WHERE entity_id = ?`,
    [entityId],
  );
  return row;
}
