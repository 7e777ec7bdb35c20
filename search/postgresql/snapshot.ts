import type { PoolClient } from 'pg';
import type { Database } from '../../db/database.js';
import { untilAborted } from './cancel.js';

type Binding = string | number | boolean | null | readonly string[] | readonly number[];

/** What the statements of one search go through. */
export interface Snapshot {
  /** From here on all statements see the index as it is at one moment; until then each as it is when it begins. */
  hold(): Promise<void>;
  /** @param sql with a question mark for each binding */
  raw<Result>(sql: string, bindings?: readonly Binding[]): Promise<Result>;
  /** The same for a statement that comes again and again, only with other bindings: planning it takes longer than running it. */
  prepared<Result>(sql: string, bindings?: readonly Binding[]): Promise<Result>;
}

const BEGIN = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

interface Reader {
  /** As searchConnections opens them. */
  searching: Database;
  /** Over which a statement at work is broken off. */
  database: Database;
  /** Breaks off the statement at work, and sends no more of them. */
  signal: AbortSignal | undefined;
}

/**
 * Reads the index. The statements go to the driver as they are: for what is asked at each letter that somebody types, knex
 * would take longer than PostgreSQL.
 */
export async function readSnapshot<T>(
  { searching, database, signal }: Reader,
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const client = (await searching.client.acquireConnection()) as PoolClient & { processID: number };
  const snapshot = snapshotOf(client, signal);
  try {
    return await (signal === undefined
      ? work(snapshot)
      : untilAborted(database, client.processID, signal, () => work(snapshot)));
  } finally {
    // Nobody waits for the end of what wrote nothing; a connection that broke has nothing to take back.
    const ended = snapshot.isHeld() ? client.query('COMMIT').catch(() => undefined) : Promise.resolve();
    void ended.then(() => searching.client.releaseConnection(client));
  }
}

function snapshotOf(client: PoolClient, signal: AbortSignal | undefined): Snapshot & { isHeld(): boolean } {
  let held = false;
  const ask = async <Result>(bindings: readonly Binding[], statement: { text: string; name?: string }) => {
    signal?.throwIfAborted();
    return (await client.query({ ...statement, values: [...bindings] })) as Result;
  };
  return {
    isHeld: () => held,
    hold: async () => {
      if (held) return;
      signal?.throwIfAborted();
      held = true;
      await client.query(BEGIN);
    },
    raw: (sql, bindings = []) => ask(bindings, { text: numbered(sql) }),
    prepared: (sql, bindings = []) => ask(bindings, preparedOf(sql)),
  };
}

/** `$1` and so on for the question marks, which no statement of a search has but for its bindings. */
function numbered(sql: string): string {
  let at = 0;
  return sql.replace(/\?/g, () => {
    at += 1;
    return `$${at}`;
  });
}

/** By their text. Their shapes are few: they differ by the number of words, and by how it is told what may be seen. */
const statements = new Map<string, { text: string; name: string }>();
const MOST_PREPARED = 200;

/** Beyond {@link MOST_PREPARED} a statement has no name, and is planned each time: a connection keeps those it knows. */
function preparedOf(sql: string): { text: string; name?: string } {
  const known = statements.get(sql);
  if (known !== undefined) return known;
  if (statements.size >= MOST_PREPARED) return { text: numbered(sql) };
  const statement = { text: numbered(sql), name: `search_${statements.size}` };
  statements.set(sql, statement);
  return statement;
}
