import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { crawlId } from '../workflows/contract.js';
import type { BenchSource } from './bench-source.js';
import type { Installation } from './installation.js';
import { runToItsEnd } from './run-to-its-end.js';
import type { BenchStack } from './stack.js';

/** PostgreSQL writes a backend's counters down at most ten seconds after it fell idle. */
const COUNTERS_SETTLE = 11_000;

/** What one crawl took, wrote and sent. */
export interface CrawlMeasure {
  /** Seconds from the request until everything was written and committed. */
  committed: number;
  /** Seconds from the request until the run was closed and everything searchable. */
  searchable: number;
  status: string;
  counts: Record<string, number>;
  queries: number;
  longestQuery: number;
  rowsWritten: number;
  indexDocuments: number;
  walBytes: number;
  peakResident: number;
  peakTogether: number;
  events: number;
  historyBytes: number;
  largestPayload: number;
}

/**
 * Runs the crawler once through Temporal and measures it. Waits before and after until the servers have written their
 * counters down.
 */
export async function measureCrawl(
  stack: BenchStack,
  source: Pick<BenchSource, 'resetStatements' | 'statements'>,
  installation: Installation,
): Promise<CrawlMeasure> {
  const { database, worker, crawlerId } = installation;
  await delay(COUNTERS_SETTLE);
  const before = await writes(database);
  await source.resetStatements();
  const run = await runToItsEnd(installation, installation);
  const statements = await source.statements();
  await delay(COUNTERS_SETTLE);
  const after = await writes(database);
  const history = await describeHistory(stack.temporal, crawlerId);
  return {
    committed: (run.unitEnded - run.started) / 1000,
    searchable: (run.ended - run.started) / 1000,
    status: run.status,
    counts: run.counts,
    queries: statements.calls,
    longestQuery: statements.longest,
    rowsWritten: after.catalogRows - before.catalogRows,
    indexDocuments: after.indexRows - before.indexRows,
    walBytes: after.wal - before.wal,
    peakResident: worker.peakResident(),
    peakTogether: worker.peakTogether(),
    ...history,
  };
}

/** Rows written to the catalog's own tables (staging and bookkeeping of runs apart) and to the index, and bytes of WAL. */
async function writes(database: Database): Promise<{ catalogRows: number; indexRows: number; wal: number }> {
  const [row] = await query<{ catalog: string; index: string; wal: string }>(
    database,
    `SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FILTER (WHERE relname IN ('entity', 'entity_version', 'source_object', 'table_partition', 'run_change', 'search_outbox')) AS catalog,
            sum(n_tup_ins + n_tup_upd) FILTER (WHERE relname LIKE 'search_document%') AS index,
            pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal
       FROM pg_stat_user_tables`,
  );
  return { catalogRows: Number(row?.catalog ?? 0), indexRows: Number(row?.index ?? 0), wal: Number(row?.wal ?? 0) };
}

async function describeHistory(
  address: string,
  crawlerId: string,
): Promise<Pick<CrawlMeasure, 'events' | 'historyBytes' | 'largestPayload'>> {
  const connection = await Connection.connect({ address });
  try {
    const handle = new Client({ connection }).workflow.getHandle(crawlId(crawlerId));
    const { historyLength, historySize } = await handle.describe();
    const largestPayload = Math.max(0, ...payloadSizes(await handle.fetchHistory()));
    return { events: historyLength, historyBytes: historySize ?? 0, largestPayload };
  } finally {
    await connection.close();
  }
}

/** Bytes of every payload within a history, wherever an event holds one. */
function payloadSizes(value: unknown): number[] {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return [];
  if ('data' in value && 'metadata' in value && value.data instanceof Uint8Array) return [value.data.length];
  return Object.values(value).flatMap(payloadSizes);
}
