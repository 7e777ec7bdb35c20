import { setImmediate as breathe } from 'node:timers/promises';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { grammarReady } from '../sql/libpg-query.js';
import { MOST_BYTES, type TableName } from '../sql/statement-lineage.js';
import { normalise } from './normalise.js';
import { isOwn } from './own-names.js';

/** What a source counted, as its connector tells. Calls and times are in all; times are milliseconds. */
export interface History {
  statements: readonly { key: string; role: string; calls: number; totalTime: number; path: readonly string[] }[];
  texts(
    keys: readonly string[],
    mostBytes: number,
  ): Promise<ReadonlyMap<string, { text: string | null; bytes: number }>>;
}

/** What became of a reading of a history. */
export interface CountedHistory {
  /** Statements that ran since the reading before. */
  ran: number;
  /** Of those: without a text, since it is longer than is read or the source lost it. */
  without: number;
  /** Of those: whose text was cut off or is none of the language's, so that nothing of it is kept. */
  unreadable: number;
  /** Of those: kept, without what they read and write. */
  unparsed: number;
  /** The text of one of them. */
  example?: string;
}

/** Texts that are asked for, and statements written, at once. */
const SLICE = 200;

/**
 * Notes which statements ran since the history was read before, and how often: a source that keeps no time of an execution
 * is asked for its counters, and those that grew are what ran. A counter that is smaller than it was began anew. Slice by
 * slice, so that whatever breaks it off, nothing is lost or counted twice.
 */
export async function countStatements(
  database: Database,
  collectedDatabaseId: string,
  { statements, texts }: History,
  signal: AbortSignal,
): Promise<CountedHistory> {
  await grammarReady();
  const before = await query<{ key: string; calls: number; totalTime: number }>(
    database,
    'SELECT key, calls, total_time AS "totalTime" FROM query_counter WHERE collected_database_id = ?',
    [collectedDatabaseId],
  );
  const counted = new Map(before.map((row) => [row.key, row]));
  const ran = statements.flatMap((statement) => {
    const last = counted.get(statement.key);
    if (last === undefined || statement.calls < last.calls)
      return [{ ...statement, newCalls: statement.calls, newTime: statement.totalTime }];
    if (statement.calls === last.calls) return [];
    const newTime = Math.max(0, statement.totalTime - last.totalTime);
    return [{ ...statement, newCalls: statement.calls - last.calls, newTime }];
  });
  const result: CountedHistory = { ran: ran.length, without: 0, unreadable: 0, unparsed: 0 };
  for (let start = 0; start < ran.length; start += SLICE) {
    signal.throwIfAborted();
    const slice = ran.slice(start, start + SLICE);
    const found = await texts(
      slice.map(({ key }) => key),
      MOST_BYTES,
    );
    const kept: CountedStatement[] = [];
    for (const { key, role, path, newCalls, newTime } of slice) {
      const text = found.get(key)?.text;
      if (text === undefined || text === null) {
        result.without += 1;
        continue;
      }
      await breathe();
      const read = normalise(text);
      if (read === undefined) {
        result.unreadable += 1;
        continue;
      }
      const { access } = read;
      if (access === undefined) {
        result.unparsed += 1;
        result.example ??= read.text;
      }
      if (access !== undefined && !isOfTables([...access.reads, ...access.writes])) continue;
      kept.push({
        ...read,
        kind: access?.kind ?? 'other',
        reads: access?.reads ?? [],
        writes: access?.writes ?? [],
        state: access === undefined ? 'unparsed' : 'pending',
        role,
        path,
        calls: newCalls,
        totalTime: newTime,
      });
    }
    await database.transaction(async (transaction) => {
      await noteStatements(transaction, collectedDatabaseId, kept);
      await noteCounters(transaction, collectedDatabaseId, slice);
    });
  }
  await forgetCounters(
    database,
    collectedDatabaseId,
    statements.map(({ key }) => key),
  );
  return result;
}

interface CountedStatement {
  fingerprint: string;
  text: string;
  kind: string;
  reads: readonly TableName[];
  writes: readonly TableName[];
  state: 'pending' | 'unparsed';
  role: string;
  path: readonly string[];
  calls: number;
  totalTime: number;
}

/** What asks only the server about itself, as every client and this crawler do, is nobody's use of a table. */
function isOfTables(tables: readonly TableName[]): boolean {
  return tables.some(({ schema, name }) => !isOwn({ schema, name }));
}

async function noteStatements(
  transaction: Database,
  collectedDatabaseId: string,
  statements: readonly CountedStatement[],
): Promise<void> {
  if (statements.length === 0) return;
  await query(
    transaction,
    `WITH given AS (
       SELECT g.*, ARRAY(SELECT jsonb_array_elements_text(g.path)) AS schemas
       FROM jsonb_to_recordset(:statements)
         AS g(fingerprint text, "text" text, kind text, reads jsonb, writes jsonb, state text, role text, path jsonb,
              calls double precision, "totalTime" double precision)
     ), noted AS (
       INSERT INTO query_statement (collected_database_id, fingerprint, path, text, kind, reads, writes, state, reason,
                                    calls, total_time)
       SELECT :collectedDatabaseId, fingerprint, schemas, min("text"), min(kind),
              (array_agg(reads ORDER BY "text"))[1], (array_agg(writes ORDER BY "text"))[1], min(state),
              CASE min(state) WHEN 'unparsed' THEN 'it is not in the language of PostgreSQL as it is known here' END,
              sum(calls), sum("totalTime")
       FROM given
       GROUP BY fingerprint, schemas
       ORDER BY fingerprint, schemas
       ON CONFLICT (collected_database_id, fingerprint, path) DO UPDATE
       SET calls = query_statement.calls + excluded.calls,
           total_time = query_statement.total_time + excluded.total_time, last_seen = now()
       RETURNING id, fingerprint, path
     )
     INSERT INTO query_use (statement_id, role, calls, total_time)
     SELECT n.id, g.role, sum(g.calls), sum(g."totalTime")
     FROM given g
     JOIN noted n ON n.fingerprint = g.fingerprint AND n.path = g.schemas
     GROUP BY n.id, g.role
     ORDER BY n.id, g.role
     ON CONFLICT (statement_id, role) DO UPDATE
     SET calls = query_use.calls + excluded.calls, total_time = query_use.total_time + excluded.total_time,
         last_seen = now()`,
    { collectedDatabaseId, statements: JSON.stringify(statements) },
  );
}

async function noteCounters(
  transaction: Database,
  collectedDatabaseId: string,
  counters: readonly { key: string; calls: number; totalTime: number }[],
): Promise<void> {
  await query(
    transaction,
    `INSERT INTO query_counter (collected_database_id, key, calls, total_time)
     SELECT :collectedDatabaseId, c.key, c.calls, c."totalTime"
     FROM jsonb_to_recordset(:counters) AS c(key text, calls double precision, "totalTime" double precision)
     ORDER BY c.key
     ON CONFLICT (collected_database_id, key) DO UPDATE SET calls = excluded.calls, total_time = excluded.total_time`,
    {
      collectedDatabaseId,
      counters: JSON.stringify(counters.map(({ key, calls, totalTime }) => ({ key, calls, totalTime }))),
    },
  );
}

/** What the source forgot counts from nothing when it comes back. */
async function forgetCounters(
  database: Database,
  collectedDatabaseId: string,
  listed: readonly string[],
): Promise<void> {
  await query(
    database,
    `DELETE FROM query_counter c
     WHERE c.collected_database_id = :collectedDatabaseId
       AND NOT EXISTS (SELECT FROM unnest(CAST(:listed AS text[])) AS l(key) WHERE l.key = c.key)`,
    { collectedDatabaseId, listed: [...listed] },
  );
}
