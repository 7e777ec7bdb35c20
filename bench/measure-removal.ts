import { setTimeout as delay } from 'node:timers/promises';
import type { Operation } from '../catalog/operations/operation.js';
import { getOperation } from '../catalog/operations/read-operations.js';
import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { createSearchIndex } from '../search/create-index.js';
import type { Installation } from './installation.js';
import { type ReadersMeasure, startReaders } from './readers.js';
import { digestRows, leftOf } from './rows-of-database.js';

/** How often search and the operation are asked, in milliseconds. */
const LOOK = 50;

/** What a removal took. Times are milliseconds from the request. */
export interface RemovalMeasure {
  tables: number;
  answered: number;
  /** When the last batch was off the map, when search had nothing of it any more, and when the operation ended. */
  cleared: number;
  unfindable: number;
  ended: number;
  batches: number;
  writesToSearch: number;
  /** The longest statement that took entities off the map. */
  longestStatement: number;
  walBytes: number;
  readers: ReadersMeasure;
}

/**
 * Measures a removal of all that one database has on the map, while others read.
 * @param request asks for it and returns at once
 * @throws when something of it is left, or a row of the databases that stay was written
 */
export async function measureRemoval(
  { database, url }: Installation,
  { leaving, staying }: { leaving: string; staying: readonly [string, ...string[]] },
  request: () => Promise<Operation>,
): Promise<RemovalMeasure> {
  const before = await digestRows(database, staying);
  await database.raw('SELECT pg_stat_statements_reset()');
  const wal = await walPosition(database);
  const readers = await startReaders(url, { staying: staying[0], leaving });
  const requested = Date.now();
  const { id, removes } = await request();
  const answered = Date.now() - requested;
  const unfindable = (await untilUnfindable(database, leaving)) - requested;
  const operation = await untilEnded(database, id);
  const read = await readers.stop();
  const walBytes = (await walPosition(database)) - wal;
  const statements = await statementsOf(database);
  const left = await leftOf(database, leaving);
  if (Object.values(left).some((rows) => rows > 0)) throw new Error(`Of ${leaving} is left: ${JSON.stringify(left)}`);
  if ((await digestRows(database, staying)) !== before) throw new Error(`Rows of ${staying.join(', ')} moved`);
  return {
    tables: removes.tables,
    answered,
    cleared: (operation.clearedAt?.getTime() ?? Number.NaN) - requested,
    unfindable,
    ended: (operation.endedAt?.getTime() ?? Number.NaN) - requested,
    ...statements,
    walBytes,
    readers: read,
  };
}

async function untilUnfindable(database: Database, name: string): Promise<number> {
  const index = createSearchIndex({ database });
  for (;;) {
    const filters = { database: [name] };
    const { total } = await index.search({ text: '', filters, visibleTo: 'everything', facets: [], limit: 1 });
    if (total === 0) return Date.now();
    await delay(LOOK);
  }
}

async function untilEnded(database: Database, operationId: string): Promise<Operation> {
  for (;;) {
    const operation = await getOperation(database, operationId);
    if (operation.endedAt !== null) return operation;
    await delay(LOOK);
  }
}

async function walPosition(database: Database): Promise<number> {
  const [row] = await query<{ wal: string }>(database, `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal`);
  return Number(row?.wal);
}

/** Batches off the map, and writes to search, since the statistics were reset. */
async function statementsOf(
  database: Database,
): Promise<Pick<RemovalMeasure, 'batches' | 'writesToSearch' | 'longestStatement'>> {
  const [row] = await query<{ batches: number; writes: number; longest: number }>(
    database,
    `SELECT coalesce(sum(calls) FILTER (WHERE query LIKE 'UPDATE entity SET removed_at%'), 0)::int AS batches,
            coalesce(sum(calls) FILTER (WHERE query LIKE 'DELETE FROM search\\_document%'), 0)::int AS writes,
            coalesce(max(max_exec_time) FILTER (WHERE query LIKE 'UPDATE entity SET removed_at%'), 0)::float AS longest
       FROM pg_stat_statements
      WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND toplevel`,
  );
  return { batches: row?.batches ?? 0, writesToSearch: row?.writes ?? 0, longestStatement: row?.longest ?? 0 };
}
