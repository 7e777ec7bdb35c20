import { openBenchSource } from './bench-source.js';
import { install } from './installation.js';
import { type CrawlMeasure, measureCrawl } from './measure-crawl.js';
import { printMeasures } from './print-measures.js';
import { type BenchStack, startBenchStack } from './stack.js';

/**
 * Crawls sources of growing size and prints what each run leaves in Temporal: its events, the bytes of its history, and
 * its largest payload. An empty source shows what a durable run costs in all, since there is nothing to collect.
 */
export async function benchTemporalCost(options: { sizes: readonly number[] }): Promise<void> {
  const measures: Record<string, CrawlMeasure> = {};
  for (const tables of options.sizes) {
    const stack = await startBenchStack();
    try {
      measures[`${tables} tables`] = await crawlOnce(stack, tables);
    } finally {
      await stack.stop();
    }
  }
  printMeasures(
    'what a run costs in Temporal; wanted: 60 events, 64 KB, 1 s for an empty source',
    Object.fromEntries(Object.entries(measures).map(([name, measure]) => [name, row(measure)])),
  );
  console.log(JSON.stringify({ bench: 'temporal-cost', measures }));
}

/** The second crawl of a fresh installation: the first also pays for compiling and connecting. */
async function crawlOnce(stack: BenchStack, tables: number): Promise<CrawlMeasure> {
  const source = await openBenchSource(stack, 'postgresql', tables);
  const installation = await install(stack, source, 'catalog');
  try {
    await measureCrawl(stack, source, installation);
    const measure = await measureCrawl(stack, source, installation);
    await source.assertEquals(installation.database);
    return measure;
  } finally {
    await installation.close();
    await source.close();
  }
}

function row({ searchable, events, historyBytes, largestPayload }: CrawlMeasure): Record<string, string> {
  return {
    'seconds, request to closed': searchable.toFixed(2),
    'history events': String(events),
    'history, bytes': String(historyBytes),
    'largest payload, bytes': String(largestPayload),
  };
}
