import { type BenchSource, openBenchSource } from './bench-source.js';
import { type Installation, install } from './installation.js';
import { type CrawlMeasure, measureCrawl } from './measure-crawl.js';
import { median, printMeasures } from './print-measures.js';
import { type BenchStack, startBenchStack } from './stack.js';

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
    colds.push(await measureCrawl(stack, source, last));
    await source.assertEquals(last.database);
  }
  if (last === undefined) return;
  try {
    const unchanged: CrawlMeasure[] = [];
    for (let repeat = 0; repeat < options.repeats; repeat += 1) unchanged.push(await measureCrawl(stack, source, last));
    const changedTables = await source.changeOnePercent();
    const changed = await measureCrawl(stack, source, last);
    await source.assertEquals(last.database);
    report({ source, limits, colds, unchanged, changed, changedTables, tables: options.tables });
  } finally {
    await last.close();
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
    'longest query, ms': Number.isNaN(measure.longestQuery) ? 'not known' : measure.longestQuery.toFixed(0),
    'catalog rows written': String(measure.rowsWritten),
    'index documents': String(measure.indexDocuments),
    'WAL, kB': (measure.walBytes / 1024).toFixed(0),
    'worker peak RSS, MB': (measure.peakResident / 1024 / 1024).toFixed(0),
    'with its readers, MB': (measure.peakTogether / 1024 / 1024).toFixed(0),
    'history events': String(measure.events),
    'history bytes': String(measure.historyBytes),
  };
}
