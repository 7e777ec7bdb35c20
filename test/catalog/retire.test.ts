import { afterAll, beforeAll, expect, test } from 'vitest';
import { deleteCatalogBatch, retireBatch } from '../../catalog/retire/delete-catalog-batch.js';
import { dropCrawlerRows } from '../../catalog/retire/drop-crawler-rows.js';
import { type CrawledCatalog, crawledCatalog, takeOutbox } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

const key = SyntheticSource.keyOf;
const TABLES = [
  'entity',
  'source_object',
  'entity_version',
  'table_partition',
  'run_change',
  'run_log',
  'crawl_run',
  'crawler',
];
const rowsLeft = async (map: CrawledCatalog): Promise<Record<string, number>> => {
  const counts = TABLES.map((table) => `(SELECT count(*)::int FROM ${table}) AS ${table}`).join(', ');
  return (await map.rows<Record<string, number>>(`SELECT ${counts}`))[0] ?? {};
};
async function crawledTwice(): Promise<CrawledCatalog> {
  const source = new SyntheticSource(250);
  const map = await crawledCatalog(catalog.database, source);
  source.edit(key(1), { partitions: [{ name: 'p', ordinal: 1 }] });
  await map.crawl();
  source.edit(key(2), { comment: 'changed' });
  source.drop(key(3));
  await map.crawl();
  await takeOutbox(map);
  return map;
}

test('deleting a crawler takes all it put on the map in batches, tells search, and leaves others alone', async () => {
  const neighbour = await crawledTwice();
  const before = await rowsLeft(neighbour);
  const map = await crawledTwice();
  const batches = [];
  for (;;) {
    const deleted = await deleteCatalogBatch(map.database, map.crawlerId, 100);
    batches.push(deleted);
    if (deleted === 0) break;
  }
  expect(batches).toEqual([100, 100, 61, 0]);
  const outbox = await map.rows<{ n: number }>(`SELECT count(*)::int AS n FROM search_outbox WHERE crawler_id = ?`, [
    map.crawlerId,
  ]);
  // Not the tombstone: search forgot it when it was made.
  expect(outbox).toEqual([{ n: 260 }]);
  await dropCrawlerRows(map.database, map.crawlerId);
  expect(await rowsLeft(map)).toEqual(before);
  await dropCrawlerRows(map.database, map.crawlerId);
});

test('a database that left the scope goes from the map, then itself; the crawler stays', async () => {
  const map = await crawledTwice();
  expect(await retireBatch(map.database, map.crawlerId, 1_000)).toBe(0);
  await map.rows(`UPDATE collected_database SET retiring_at = now() WHERE id = ?`, [map.collectedDatabaseId]);
  expect(await retireBatch(map.database, map.crawlerId, 200)).toBe(200);
  expect(await map.rows(`SELECT 1 FROM collected_database WHERE id = ?`, [map.collectedDatabaseId])).toHaveLength(1);
  expect(await retireBatch(map.database, map.crawlerId, 200)).toBe(61);
  expect(await map.rows(`SELECT 1 FROM collected_database WHERE id = ?`, [map.collectedDatabaseId])).toHaveLength(0);
  expect(await map.rows(`SELECT 1 FROM crawler WHERE id = ?`, [map.crawlerId])).toHaveLength(1);
  expect(await retireBatch(map.database, map.crawlerId, 200)).toBe(0);
});

test('a run that is under way on a database that leaves the scope publishes nothing more of it', async () => {
  const source = new SyntheticSource(10);
  const map = await crawledCatalog(catalog.database, source);
  const ref = await map.openRun();
  await map.collect(ref);
  await map.rows(`UPDATE collected_database SET retiring_at = now() WHERE id = ?`, [map.collectedDatabaseId]);
  await expect(map.publish(ref)).rejects.toMatchObject({ type: 'DATABASE_LEFT_SCOPE', nonRetryable: true });
});
