import { setTimeout as delay } from 'node:timers/promises';
import { createCrawler, markDeleting, updateCrawler } from '../catalog/crawlers/write-crawlers.js';
import { createSearchIndex } from '../search/create-index.js';
import { drainOutbox } from '../search/outbox.js';
import { rebuildIndex } from '../search/rebuild.js';
import { type Installation, install } from './installation.js';
import { measureRemoval, type RemovalMeasure } from './measure-removal.js';
import { multiplyTables } from './multiply-tables.js';
import { percentile, printMeasures } from './print-measures.js';
import { type ReadersMeasure, startReaders } from './readers.js';
import { runToItsEnd } from './run-to-its-end.js';
import { type BenchStack, startBenchStack } from './stack.js';
import { fillSyntheticPostgres } from './synthetic-postgres.js';

/** Relations of each database as it is crawled; the large ones are multiplied from there. */
const RELATIONS = 1_000;
/** Time of which readers' figures without a removal are taken, in milliseconds. */
const CALM = 5_000;

const DATABASES = { narrowed: 'narrowed', kept: 'kept', deleted: 'deleted', other: 'other' } as const;

/**
 * Narrows the scope of a crawler with a large database, then deletes one with another, while others read, and measures
 * until nothing of it is found any more. Refuses to print figures when something of another database moved.
 * @param options.tables relations of each large database; a multiple of 1,000
 */
export async function benchDelete({ tables }: { tables: number }): Promise<void> {
  const stack = await startBenchStack();
  try {
    const source = await fillSources(stack);
    const installation = await install(
      stack,
      { type: 'postgresql', url: source, database: DATABASES.other },
      'catalog',
    );
    try {
      const { narrowed, deleted } = await fillCatalog(installation, Math.max(1, Math.round(tables / RELATIONS)));
      const calm = await startReaders(installation.url, { staying: DATABASES.other, leaving: DATABASES.deleted });
      await delay(CALM);
      report(tables, await calm.stop(), {
        'scope narrowed': await measureRemoval(
          installation,
          { leaving: DATABASES.narrowed, staying: [DATABASES.other, DATABASES.kept, DATABASES.deleted] },
          async () => {
            const { version } = narrowed;
            const change = { version, databases: [DATABASES.kept] };
            const { operation } = await updateCrawler(installation.database, narrowed.crawlerId, change);
            if (operation === undefined) throw new Error('Nothing left the scope');
            await installation.orchestrator.narrowScope(narrowed);
            return operation;
          },
        ),
        'crawler deleted': await measureRemoval(
          installation,
          { leaving: DATABASES.deleted, staying: [DATABASES.other, DATABASES.kept] },
          async () => {
            const operation = await markDeleting(installation.database, deleted.crawlerId);
            await installation.orchestrator.deleteCrawler(deleted);
            return operation;
          },
        ),
      });
    } finally {
      await installation.close();
    }
  } finally {
    await stack.stop();
  }
}

/** A database of the synthetic relations for each that is crawled. Returns the URL of one. */
async function fillSources(stack: BenchStack): Promise<string> {
  const url = await stack.createDatabase(DATABASES.other);
  await fillSyntheticPostgres(url, RELATIONS);
  for (const name of [DATABASES.narrowed, DATABASES.kept, DATABASES.deleted])
    await stack.createDatabase(name, DATABASES.other);
  return url;
}

interface Crawler {
  crawlerId: string;
  crawlerName: string;
  version: number;
}

/** Crawls all four databases, makes the two that are to go large, and fills search from there. */
async function fillCatalog(
  installation: Installation,
  times: number,
): Promise<{ narrowed: Crawler; deleted: Crawler }> {
  const { database } = installation;
  const crawlerOf = async (name: string, databases: string[]): Promise<Crawler> => {
    const crawler = await createCrawler(database, {
      workspaceId: installation.workspaceId,
      name,
      dataSourceId: installation.dataSourceId,
      resourceGroupId: installation.resourceGroupId,
      databases,
      plan: { mode: 'manual' },
    });
    return { crawlerId: crawler.id, crawlerName: crawler.name, version: crawler.version };
  };
  const narrowed = await crawlerOf('narrowed', [DATABASES.narrowed, DATABASES.kept]);
  const deleted = await crawlerOf('deleted', [DATABASES.deleted]);
  for (const crawler of [installation, narrowed, deleted]) await runToItsEnd(installation, crawler);
  for (const databaseName of [DATABASES.narrowed, DATABASES.deleted]) {
    await multiplyTables(database, { databaseName, relations: RELATIONS, times });
    console.error(`catalog: ${databaseName} has ${times * RELATIONS} relations`);
  }
  // Once for the filling of search, which else goes through all entities for each page, and once for search itself.
  await database.raw('VACUUM ANALYZE');
  const index = createSearchIndex({ database });
  await rebuildIndex(database, index);
  // Lineage of views has told search of their neighbours, in nobody's name.
  for (let remaining = true; remaining; ) ({ remaining } = await drainOutbox(database, index));
  await database.raw('VACUUM ANALYZE');
  await database.raw('CREATE EXTENSION pg_stat_statements');
  console.error('search: filled');
  return { narrowed, deleted };
}

function report(tables: number, calm: ReadersMeasure, removals: Record<string, RemovalMeasure>): void {
  const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1);
  const row = (measure: RemovalMeasure) => ({
    'tables that left': String(measure.tables),
    'ms until the request is answered': measure.answered.toFixed(0),
    'seconds until off the map': seconds(measure.cleared),
    'seconds until search finds none': seconds(measure.unfindable),
    'of these after the last batch': seconds(measure.unfindable - measure.cleared),
    'seconds until the operation ended': seconds(measure.ended),
    'batches, writes to search': `${measure.batches}, ${measure.writesToSearch}`,
    'longest statement of a batch, ms': measure.longestStatement.toFixed(0),
    'WAL, MB': (measure.walBytes / 1024 / 1024).toFixed(0),
  });
  printMeasures(
    `${tables} tables leave the map; wanted: out of search 10 s after the last batch`,
    mapValues(removals, row),
  );
  const readers = { 'nothing leaves': calm, ...mapValues(removals, ({ readers }) => readers) };
  printMeasures(
    'ms until readers had their answer, p99 and longest; wanted: no reader waits more than 1,000 ms for a lock',
    mapValues(readers, ({ answers, longestLock }) => ({
      ...mapValues(answers, (took) => `${percentile(took, 99).toFixed(0)}, ${Math.max(...took).toFixed(0)}`),
      'longest wait for a lock': longestLock.toFixed(0),
    })),
  );
  console.log(
    JSON.stringify({
      bench: 'delete',
      tables,
      removals: mapValues(removals, ({ readers: _, ...measure }) => measure),
      readers: mapValues(readers, ({ answers, longestLock }) => ({
        longestLock,
        p99: mapValues(answers, (took) => percentile(took, 99)),
        longest: mapValues(answers, (took) => Math.max(...took)),
      })),
    }),
  );
}

function mapValues<From, To>(values: Record<string, From>, to: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, to(value)]));
}
