import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { ensureFirstAdmin } from '../access/first-admin.js';
import { createCrawler } from '../catalog/crawlers/write-crawlers.js';
import { queueRun } from '../catalog/runs/queue-run.js';
import { createSource } from '../catalog/sources/write-sources.js';
import { connectorSpec } from '../connectors/registry.js';
import { type Database, migrate, openDatabase } from '../db/database.js';
import { query } from '../db/query.js';
import type { Orchestrator } from '../orchestrator/port.js';
import { temporalAddress } from '../orchestrator/temporal-address.js';
import { createOrchestrator } from '../orchestrator/temporal-orchestrator.js';
import { createSearchIndex } from '../search/create-index.js';
import { crawlId } from '../workflows/contract.js';
import { type BenchSource, openBenchSource } from './bench-source.js';
import { median, printMeasures } from './print-measures.js';
import { type BenchStack, type BenchWorker, startBenchStack } from './stack.js';

/** PostgreSQL writes a backend's counters down at most ten seconds after it fell idle. */
const COUNTERS_SETTLE = 11_000;

interface CrawlMeasure {
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
  events: number;
  historyBytes: number;
}

/**
 * Crawls a synthetic source cold, unchanged and with one relation in a hundred changed, through Temporal and a worker
 * process of their own, beside the reference crawler in the same run, and prints one table and one JSON line.
 * Refuses to print figures of a crawl whose map does not equal the source.
 */
export async function benchCrawl(options: {
  tables: number;
  repeats: number;
  source: 'postgresql' | 'mysql';
}): Promise<void> {
  const stack = await startBenchStack();
  try {
    const source = await openBenchSource(stack, options.source, options.tables);
    try {
      await measure(stack, source, options);
    } finally {
      await source.close();
    }
  } finally {
    await stack.stop();
  }
}

async function measure(
  stack: BenchStack,
  source: BenchSource,
  options: { tables: number; repeats: number },
): Promise<void> {
  const limits: number[] = [];
  const colds: CrawlMeasure[] = [];
  let last: Installation | undefined;
  for (let repeat = 0; repeat < options.repeats; repeat += 1) {
    await last?.close();
    limits.push(await source.limit(await stack.createDatabase(`limit_${repeat}`)));
    last = await install(stack, source, `catalog_${repeat}`);
    colds.push(await crawl(stack, source, last));
    await source.assertEquals(last.database);
  }
  if (last === undefined) return;
  try {
    const unchanged: CrawlMeasure[] = [];
    for (let repeat = 0; repeat < options.repeats; repeat += 1) unchanged.push(await crawl(stack, source, last));
    const changedTables = await source.changeOnePercent();
    const changed = await crawl(stack, source, last);
    await source.assertEquals(last.database);
    report({ source, limits, colds, unchanged, changed, changedTables, tables: options.tables });
  } finally {
    await last.close();
  }
}

/** A fresh catalog with a worker of its own and a crawler of the source. */
interface Installation {
  database: Database;
  orchestrator: Orchestrator;
  worker: BenchWorker;
  crawlerId: string;
  crawlerName: string;
  close(): Promise<void>;
}

async function install(stack: BenchStack, source: BenchSource, name: string): Promise<Installation> {
  const url = await stack.createDatabase(name);
  const database = openDatabase(url, { name: 'datamap-bench' });
  await migrate(database);
  await createSearchIndex({ database }).prepare();
  const secretKey = randomBytes(32);
  const { personId, workspaceId, resourceGroupId } = await ensureFirstAdmin(database, {
    email: 'bench@datamap.test',
    name: 'Bench',
  });
  const spec = connectorSpec(source.type);
  if (spec === undefined) throw new Error(`There is no connector for ${source.type}`);
  const { config, secrets } = spec.parseUrl(source.url);
  const dataSource = await createSource(
    database,
    { secretKey, type: spec },
    { workspaceId, name: 'bench', environment: 'production', config, secrets, createdBy: personId },
  );
  const crawler = await createCrawler(database, {
    workspaceId,
    dataSourceId: dataSource.id,
    resourceGroupId,
    databases: [source.database],
    plan: { mode: 'manual' },
    createdBy: personId,
  });
  const worker = await stack.startWorker(url, secretKey);
  const orchestrator = createOrchestrator(temporalAddress({ TEMPORAL_ADDRESS: stack.temporal }));
  return {
    database,
    orchestrator,
    worker,
    crawlerId: crawler.id,
    crawlerName: crawler.name,
    close: async () => {
      await orchestrator.close();
      await worker.stop();
      await database.destroy();
    },
  };
}

async function crawl(
  stack: BenchStack,
  source: BenchSource,
  { database, orchestrator, worker, crawlerId, crawlerName }: Installation,
): Promise<CrawlMeasure> {
  await delay(COUNTERS_SETTLE);
  const before = await writes(database);
  await source.resetStatements();
  const runId = randomUUID();
  const started = Date.now();
  const { started: accepted } = await orchestrator.startCrawl({
    crawlerId,
    crawlerName,
    resourceGroup: 'default',
    runId,
    trigger: 'manual',
  });
  if (!accepted) throw new Error('Another crawl of the bench is open');
  await queueRun(database, { runId, crawlerId, trigger: 'manual' });
  const run = await ended(database, runId);
  const statements = await source.statements();
  await delay(COUNTERS_SETTLE);
  const after = await writes(database);
  const history = await describeHistory(stack.temporal, crawlerId);
  if (run.status !== 'succeeded') throw new Error(`The crawl ended ${run.status}: ${JSON.stringify(run.error)}`);
  return {
    committed: (run.unitEnded - started) / 1000,
    searchable: (run.ended - started) / 1000,
    status: run.status,
    counts: run.counts,
    queries: statements.calls,
    longestQuery: statements.longest,
    rowsWritten: after.catalogRows - before.catalogRows,
    indexDocuments: after.indexRows - before.indexRows,
    walBytes: after.wal - before.wal,
    peakResident: worker.peakResident(),
    ...history,
  };
}

async function ended(database: Database, runId: string) {
  for (;;) {
    const [run] = await query<{
      status: string;
      ended: number | null;
      unitEnded: number | null;
      counts: Record<string, number>;
      error: unknown;
    }>(
      database,
      `SELECT r.status, r.counts, r.error,
              (extract(epoch FROM r.ended_at) * 1000)::float AS ended,
              (SELECT (extract(epoch FROM max(u.ended_at)) * 1000)::float FROM crawl_unit u WHERE u.run_id = r.id) AS "unitEnded"
         FROM crawl_run r
        WHERE r.id = :runId`,
      { runId },
    );
    if (run !== undefined && run.ended !== null)
      return { ...run, ended: run.ended, unitEnded: run.unitEnded ?? run.ended };
    await delay(50);
  }
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

async function describeHistory(address: string, crawlerId: string): Promise<{ events: number; historyBytes: number }> {
  const connection = await Connection.connect({ address });
  try {
    const { historyLength, historySize } = await new Client({ connection }).workflow
      .getHandle(crawlId(crawlerId))
      .describe();
    return { events: historyLength, historyBytes: historySize ?? 0 };
  } finally {
    await connection.close();
  }
}

function report(results: {
  source: BenchSource;
  limits: number[];
  colds: CrawlMeasure[];
  unchanged: CrawlMeasure[];
  changed: CrawlMeasure;
  changedTables: number;
  tables: number;
}): void {
  const limit = median(results.limits);
  const cold = middle(results.colds);
  const unchanged = middle(results.unchanged);
  const ratios = {
    'cold / limit': median(results.colds.map((measure, index) => measure.committed / (results.limits[index] ?? limit))),
    'unchanged / cold': unchanged.committed / cold.committed,
  };
  printMeasures(
    `${results.tables} relations of 20 columns, ${results.source.type}; limit: ${results.source.limitName}, ${limit.toFixed(2)} s`,
    {
      cold: row(cold, results.tables),
      unchanged: row(unchanged, results.tables),
      [`${results.changedTables} changed`]: row(results.changed, results.tables),
    },
  );
  for (const [name, ratio] of Object.entries(ratios)) console.log(`${name}: ${ratio.toFixed(2)}`);
  console.log(
    JSON.stringify({
      bench: 'crawl',
      source: results.source.type,
      tables: results.tables,
      limit,
      cold,
      unchanged,
      changed: results.changed,
      ratios,
    }),
  );
}

/** The crawl with the median time. */
function middle(measures: CrawlMeasure[]): CrawlMeasure {
  const sorted = [...measures].sort((a, b) => a.committed - b.committed);
  const found = sorted[Math.floor((sorted.length - 1) / 2)];
  if (found === undefined) throw new Error('Nothing was measured');
  return found;
}

function row(measure: CrawlMeasure, tables: number): Record<string, string> {
  return {
    'seconds, committed': measure.committed.toFixed(2),
    'seconds, searchable': measure.searchable.toFixed(2),
    'tables/s': (tables / measure.committed).toFixed(0),
    'queries to the source': String(measure.queries),
    'longest query, ms': measure.longestQuery.toFixed(0),
    'catalog rows written': String(measure.rowsWritten),
    'index documents': String(measure.indexDocuments),
    'WAL, kB': (measure.walBytes / 1024).toFixed(0),
    'worker peak RSS, MB': (measure.peakResident / 1024 / 1024).toFixed(0),
    'history events': String(measure.events),
    'history bytes': String(measure.historyBytes),
  };
}
