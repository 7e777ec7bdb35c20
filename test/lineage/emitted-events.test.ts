import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openLineageEvent } from '../../lineage/events/event-shape.js';
import { crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';
import { edgesOf, tell } from './told-events.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeEach(async () => {
  catalog = await testDatabase();
});
afterEach(() => catalog.drop());

/** What the listener told of the job beside it (emitted/README.md). */
const emitted = readFileSync(join(import.meta.dirname, 'emitted', 'spark.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => openLineageEvent.parse(JSON.parse(line)));

/** The tables of the job's PostgreSQL server on the map. */
async function crawled(): Promise<void> {
  const source = new SyntheticSource(1, 1);
  const template = source.get(SyntheticSource.keyOf(0));
  source.drop(SyntheticSource.keyOf(0));
  source.schemas.set('public', { key: 'public', name: 'public', owner: 'shop' });
  for (const name of ['orders', 'customers', 'daily_sales'])
    source.put({ ...template, key: name, schema: 'public', name });
  const map = await crawledCatalog(catalog.database, source);
  await map.rows(`UPDATE data_source SET instance = '127.0.0.1:5599'`);
  await map.rows(`UPDATE collected_database SET instance = '127.0.0.1:5599'`);
  await map.crawl();
}

const EDGES = [
  'default.sales_of_days -> default.totals (country group , country direct country, total aggregation total)',
  'default.totals -> /warehouse/export/totals (country direct country, total direct total)',
];

it('A Spark job is on the map with its columns, from the tables of a database to its own and to files', async () => {
  await crawled();
  await tell(catalog.database, emitted);
  const found = (await edgesOf(catalog.database)).map((edge) => edge.replace(/^daily_sales\.(\w+)\S*: /, ''));
  for (const edge of EDGES) expect(found).toContain(edge);
  expect(found.filter((edge) => edge.includes('-> daily_sales'))).toEqual([
    expect.stringMatching(/^customers -> daily_sales \(.*country direct country.*name direct largest/),
    expect.stringMatching(/^orders -> daily_sales \(.*day direct day.*amount direct total/),
  ]);
  // Statements that only look, and the application itself, move nothing.
  expect(found.every((edge) => / -> (daily_sales|default\.|\/warehouse)/.test(edge))).toBe(true);
  const { rows } = await catalog.database.raw<{ rows: { state: string; runs: number }[] }>(
    'SELECT state, count(*)::int AS runs FROM lineage_run GROUP BY state',
  );
  expect(rows).toEqual([{ state: 'COMPLETE', runs: new Set(emitted.map(({ run }) => run?.runId)).size }]);
});

it('The same job told backwards, event by event, is the same on the map', async () => {
  await crawled();
  await tell(catalog.database, emitted);
  const forwards = await edgesOf(catalog.database);
  await catalog.database.raw('TRUNCATE lineage_event, lineage_dataset, lineage_process, lineage_node CASCADE');
  await tell(catalog.database, [...emitted].reverse(), { at: 1 });
  expect(await edgesOf(catalog.database)).toEqual(forwards);
});
