import { afterAll, beforeAll, expect, test } from 'vitest';
import { crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

test('a first crawl puts every table on the map', async () => {
  const source = new SyntheticSource(2_500);
  const map = await crawledCatalog(catalog.database, source);
  const counts = await map.crawl();
  expect(counts).toMatchObject({ tables: 2_500, added: 2_500, changed: 0, removed: 0, unchanged: 0, problems: 0 });
  expect(
    await map.rows(`SELECT level, step, message FROM run_log WHERE run_id = ? ORDER BY seq`, [counts.runId]),
  ).toEqual([]);
});
