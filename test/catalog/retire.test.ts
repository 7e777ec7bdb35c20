import { afterAll, beforeAll, expect, test } from 'vitest';
import { deleteWorkspace } from '../../access/workspaces.js';
import { takeDatabases } from '../../catalog/crawlers/scope.js';
import { markDeleting, updateCrawler } from '../../catalog/crawlers/write-crawlers.js';
import { getOperation, openOperationOf } from '../../catalog/operations/read-operations.js';
import { dropCrawlerRows } from '../../catalog/retire/drop-crawler-rows.js';
import { letAllLeave } from '../../catalog/retire/leaving.js';
import { purgeRetired } from '../../catalog/retire/purge-retired.js';
import { fenceLeavingUnits, retireBatch } from '../../catalog/retire/retire-batch.js';
import { deleteSource } from '../../catalog/sources/write-sources.js';
import { type CrawledCatalog, crawledCatalog, tablesOf, takeOutbox } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

const key = SyntheticSource.keyOf;
const COUNTED = [
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
  const counts = COUNTED.map((table) => `(SELECT count(*)::int FROM ${table}) AS ${table}`).join(', ');
  return (await map.rows<Record<string, number>>(`SELECT ${counts}`))[0] ?? {};
};

async function crawledTwice(): Promise<CrawledCatalog & { source: SyntheticSource }> {
  const source = new SyntheticSource(250);
  const map = await crawledCatalog(catalog.database, source);
  source.edit(key(1), { partitions: [{ name: 'p', ordinal: 1 }] });
  await map.crawl();
  source.edit(key(2), { comment: 'changed' });
  source.drop(key(3));
  await map.crawl();
  await takeOutbox(map);
  return { ...map, source };
}

const living = (map: CrawledCatalog) =>
  map.rows<{ id: string }>('SELECT id FROM entity WHERE collected_database_id = ? AND removed_at IS NULL', [
    map.collectedDatabaseId,
  ]);
const row = async (map: CrawledCatalog) =>
  (await map.rows('SELECT * FROM collected_database WHERE id = ?', [map.collectedDatabaseId]))[0];

async function retireAll(map: CrawledCatalog): Promise<void> {
  await fenceLeavingUnits(map.database, map.crawlerId);
  while ((await retireBatch(map.database, map.crawlerId, 100)) === 100);
}

test('a deletion takes all of it off the map in batches that it counts, tells search, and leaves others alone', async () => {
  const neighbour = await crawledTwice();
  const map = await crawledTwice();
  const operation = await markDeleting(map.database, map.crawlerId);
  expect(operation).toMatchObject({ kind: 'delete_crawler', status: 'queued', removed: 0, removes: { tables: 249 } });
  expect((await markDeleting(map.database, map.crawlerId)).id).toBe(operation.id);
  const batches = [];
  for (let taken = 100; taken === 100; batches.push(taken)) taken = await retireBatch(map.database, map.crawlerId, 100);
  expect(batches).toEqual([100, 100, 60]);
  expect(await getOperation(map.database, operation.id)).toMatchObject({
    status: 'running',
    removed: 260,
    endedAt: null,
  });
  const outbox = await map.rows<{ n: number }>(`SELECT count(*)::int AS n FROM search_outbox WHERE crawler_id = ?`, [
    map.crawlerId,
  ]);
  // Not the tombstone: search forgot it when it was made.
  expect(outbox).toEqual([{ n: 260 }]);
  await dropCrawlerRows(map.database, map.crawlerId);
  await dropCrawlerRows(map.database, map.crawlerId);
  expect(await getOperation(map.database, operation.id)).toMatchObject({ status: 'done', endedAt: expect.any(Date) });
  expect(await living(map)).toEqual([]);
  expect(await row(map)).toMatchObject({ crawler_id: null, retired_at: expect.any(Date) });
  expect(await living(neighbour)).toHaveLength(260);
  expect(await row(neighbour)).toMatchObject({ crawler_id: neighbour.crawlerId, retired_at: null, retiring_at: null });
});

test('a database that left the scope is retired, and taken back with its ids and what people wrote', async () => {
  const map = await crawledTwice();
  expect(await retireBatch(map.database, map.crawlerId, 1_000)).toBe(0);
  await map.rows(
    `INSERT INTO annotation (entity_id, description) SELECT id, 'what we sell' FROM entity WHERE collected_database_id = ? AND kind = 'table'`,
    [map.collectedDatabaseId],
  );
  const before = (await living(map)).map(({ id }) => id).sort();
  const { operation } = await updateCrawler(map.database, map.crawlerId, { version: 1, databases: ['other'] });
  expect(operation).toMatchObject({ removes: { databases: [{ name: 'shop', tables: 249, descriptions: 249 }] } });
  await retireAll(map);
  expect(await living(map)).toEqual([]);
  expect(await row(map)).toMatchObject({ crawler_id: null });

  // Another crawler of another data source on the same server.
  const heir = await crawledCatalog(map.database, map.source);
  await map.rows(
    `UPDATE data_source SET instance = (SELECT instance FROM collected_database WHERE id = ?)
      WHERE id = (SELECT data_source_id FROM crawler WHERE id = ?)`,
    [map.collectedDatabaseId, heir.crawlerId],
  );
  await takeDatabases(map.database, heir.crawlerId, ['shop']);
  expect(await row(map)).toMatchObject({ crawler_id: heir.crawlerId, retired_at: null, retiring_at: null });
  const taken = { ...map, crawlerId: heir.crawlerId };
  const runId = (await heir.openRun()).runId;
  await map.rows('UPDATE crawl_unit SET collected_database_id = ? WHERE run_id = ?', [map.collectedDatabaseId, runId]);
  await heir.collect({ runId, unit: 1, database: 'shop' });
  expect(await heir.publish({ runId, unit: 1, database: 'shop' })).toMatchObject({ added: 0, restored: 249 });
  expect((await living(taken)).map(({ id }) => id).sort()).toEqual(before);
  const tables = [...(await tablesOf(taken)).values()].filter((table) => table.living);
  expect(new Set(tables.map(({ description }) => description))).toEqual(new Set(['what we sell']));
});

test('a second crawler cannot take a database before the last of it has left the map', async () => {
  const map = await crawledTwice();
  await letAllLeave(map.database, map.crawlerId);
  await retireBatch(map.database, map.crawlerId, 100);
  await expect(takeDatabases(map.database, map.crawlerId, ['shop'])).rejects.toMatchObject({ code: 'DATABASE_TAKEN' });
});

test('what leaves later joins the operation that is open, which then is not cleared any more', async () => {
  const map = await crawledTwice();
  await takeDatabases(map.database, map.crawlerId, ['a', 'b']);
  const { operation: first } = await updateCrawler(map.database, map.crawlerId, { version: 1, databases: ['a', 'b'] });
  await retireAll(map);
  expect((await openOperationOf(map.database, map.crawlerId))?.clearedAt).toEqual(expect.any(Date));
  const { operation: second } = await updateCrawler(map.database, map.crawlerId, { version: 2, databases: ['a'] });
  expect(second).toMatchObject({ id: first?.id, clearedAt: null, removed: 260 });
  expect(second?.removes.databases.map(({ name }) => name)).toEqual(['shop', 'b']);
  await markDeleting(map.database, map.crawlerId);
  expect(await getOperation(map.database, first?.id ?? '')).toMatchObject({ status: 'superseded' });
});

test('a unit on a database that leaves is fenced: its run publishes nothing more of it, and goes on with the rest', async () => {
  const map = await crawledCatalog(catalog.database, new SyntheticSource(10));
  const ref = await map.openRun();
  await map.rows(`INSERT INTO crawl_unit (run_id, unit, database_name) VALUES (?, 2, 'rest')`, [ref.runId]);
  await map.collect(ref);
  await letAllLeave(map.database, map.crawlerId);
  await expect(map.publish(ref)).rejects.toMatchObject({ type: 'DATABASE_LEFT_SCOPE', nonRetryable: true });
  await fenceLeavingUnits(map.database, map.crawlerId);
  await fenceLeavingUnits(map.database, map.crawlerId);
  expect(
    await map.rows(`SELECT unit, status, error ->> 'code' AS code FROM crawl_unit WHERE run_id = ? ORDER BY unit`, [
      ref.runId,
    ]),
  ).toEqual([
    { unit: 1, status: 'failed', code: 'DATABASE_LEFT_SCOPE' },
    { unit: 2, status: 'pending', code: null },
  ]);
  expect(await map.rows(`SELECT 1 FROM staged_object WHERE run_id = ?`, [ref.runId])).toEqual([]);
  await expect(map.publish(ref)).rejects.toMatchObject({ nonRetryable: true });
  await expect(map.collect(ref, 2)).rejects.toMatchObject({ nonRetryable: true });
});

test('what a deleted workspace left is purged with all that hangs on it; other retired databases stay', async () => {
  const kept = await crawledTwice();
  await letAllLeave(kept.database, kept.crawlerId);
  await retireAll(kept);
  const before = await rowsLeft(kept);
  const map = await crawledTwice();
  await markDeleting(map.database, map.crawlerId);
  await retireAll(map);
  await dropCrawlerRows(map.database, map.crawlerId);
  const source = String((await row(map))?.['data_source_id']);
  await deleteSource(map.database, source);
  expect(await row(map)).toMatchObject({ data_source_id: null });
  await purgeRetired(map.database, 1_000);
  expect(await row(map)).toBeDefined();
  await map.rows('DELETE FROM workspace_member WHERE workspace_id = ?', [map.workspaceId]);
  await deleteWorkspace(map.database, map.workspaceId);
  expect(await purgeRetired(map.database, 200)).toBe(200);
  expect(await purgeRetired(map.database, 200)).toBe(61);
  expect(await row(map)).toBeUndefined();
  expect(await row(kept)).toBeDefined();
  expect(await rowsLeft(map)).toEqual(before);
});
