import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CrawledCatalog, crawledCatalog, tablesOf, takeOutbox } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

const key = SyntheticSource.keyOf;
const cause = { code: 'PERMISSION_DENIED', reason: 'no USAGE on it', remedy: 'GRANT USAGE ON SCHEMA x TO collector' };
const crawled = async (size: number) => {
  const source = new SyntheticSource(size);
  const map = await crawledCatalog(catalog.database, source);
  await map.crawl();
  await takeOutbox(map);
  return { source, map };
};
const livingCount = async (map: CrawledCatalog) =>
  [...(await tablesOf(map)).values()].filter(({ living }) => living).length;
const unitOf = async (map: CrawledCatalog, runId: string) =>
  (await map.rows<{ status: string }>(`SELECT status FROM crawl_unit WHERE run_id = ?`, [runId]))[0]?.status;
const problemsOf = (map: CrawledCatalog, runId: string) =>
  map.rows<{ code: string; message: string; level: string }>(
    `SELECT code, message, level FROM crawl_problem WHERE run_id = ? ORDER BY id`,
    [runId],
  );

test('tables of a schema that cannot be listed stay, while others go', async () => {
  const { source, map } = await crawled(100);
  source.schemas.set('area_3', { key: 'area_3', name: 'area_3', unlisted: cause });
  source.drop(key(5));
  const { runId, ...counts } = await map.crawl();
  expect(counts).toMatchObject({ tables: 89, removed: 1, held: 0, problems: 1 });
  expect(await livingCount(map)).toBe(99);
  expect(await unitOf(map, runId)).toBe('partial');
  expect(await problemsOf(map, runId)).toEqual([
    {
      level: 'error',
      code: 'PERMISSION_DENIED',
      message: 'The schema area_3 could not be listed; kept 10 tables as they were: no USAGE on it',
    },
  ]);
  const log = await map.rows<{ message: string }>(`SELECT message FROM run_log WHERE run_id = ?`, [runId]);
  expect(log.map(({ message }) => message)).toContainEqual(expect.stringContaining('kept 10 tables as they were'));
});

test('a listing that cannot be proved complete removes nothing, and updates what it saw', async () => {
  const { source, map } = await crawled(50);
  source.faults = { incomplete: cause };
  source.drop(key(5));
  source.edit(key(6), { comment: 'new' });
  const { runId, ...counts } = await map.crawl();
  expect(counts).toMatchObject({ removed: 0, changed: 1, problems: 1 });
  expect(await livingCount(map)).toBe(50);
  expect(await unitOf(map, runId)).toBe('partial');
  expect((await problemsOf(map, runId))[0]?.message).toContain('kept 1 table as it was: no USAGE on it');
  const complete = `SELECT last_run_id = last_run.id AS same FROM collected_database, LATERAL (SELECT ?::uuid AS id) last_run WHERE collected_database.id = ?`;
  expect(await map.rows(complete, [runId, map.collectedDatabaseId])).toEqual([{ same: true }]);
});

test('a listing that breaks off changes nothing on the map', async () => {
  const { source, map } = await crawled(50);
  source.drop(key(5));
  source.faults = { failListing: true };
  const ref = await map.openRun();
  await expect(map.collect(ref)).rejects.toThrow();
  await expect(map.publish(ref)).rejects.toThrow(/has ended/);
  expect(await livingCount(map)).toBe(50);
});

test('a mass of missing tables is held: nothing goes, the run says how many and why', async () => {
  const { source, map } = await crawled(40);
  for (let index = 0; index < 13; index += 1) source.drop(key(index));
  const { runId, ...counts } = await map.crawl();
  expect(counts).toMatchObject({ tables: 27, removed: 0, held: 13, problems: 1 });
  expect(await livingCount(map)).toBe(40);
  expect(await unitOf(map, runId)).toBe('partial');
  expect((await problemsOf(map, runId))[0]).toMatchObject({
    code: 'REMOVALS_HELD',
    message: '13 of 40 tables are missing at the source, too many to be removed unseen; kept 13 tables as they were',
  });
  expect(
    await map.rows(`SELECT change, count(*)::int AS n FROM run_change WHERE run_id = ? GROUP BY change`, [runId]),
  ).toEqual([{ change: 'held', n: 13 }]);
  expect(await takeOutbox(map)).toEqual([]);
  // Not once only: the next run finds them missing again.
  expect(await map.crawl()).toMatchObject({ removed: 0, held: 13 });
});

test('removals up to the bounds are applied, over pages too', async () => {
  const { source, map } = await crawled(20_000);
  for (let index = 0; index < 6_000; index += 1) source.drop(key(index));
  expect(await map.crawl()).toMatchObject({ removed: 6_000, held: 0, unchanged: 14_000 });
  expect(await livingCount(map)).toBe(14_000);
  // So many tables take their time on a loaded machine.
}, 120_000);

test('another server in the same place removes nothing, matches by name and says so', async () => {
  const { source, map } = await crawled(30);
  const before = await tablesOf(map);
  source.server = 'server-2';
  // The other server gave the same keys to other tables.
  const tables = Array.from({ length: 30 }, (_, index) => source.get(key(index)));
  for (const [index, table] of tables.entries()) source.put({ ...table, key: key((index + 1) % 30) });
  source.drop(key(1));
  const { runId, ...counts } = await map.crawl();
  expect(counts).toMatchObject({ tables: 29, added: 0, changed: 0, removed: 0, held: 0, problems: 1 });
  expect(await unitOf(map, runId)).toBe('partial');
  expect((await problemsOf(map, runId))[0]).toMatchObject({ code: 'SERVER_CHANGED' });
  expect((await problemsOf(map, runId))[0]?.message).toContain('kept 1 table as it was');
  const after = await tablesOf(map);
  for (const [guid, table] of before) expect(after.get(guid)).toMatchObject({ id: table.id, version: 1, living: true });
  // The server is known now: what it does not have goes, within the bounds.
  source.pagesRead.length = 0;
  expect(await map.crawl()).toMatchObject({ removed: 1, unchanged: 29, problems: 0 });
  expect(source.pagesRead).toEqual([]);
});

test('a schema goes with its last table, and never before', async () => {
  const { source, map } = await crawled(200);
  const schemas = () =>
    map.rows<{ name: string }>(
      `SELECT name FROM entity WHERE collected_database_id = ? AND kind = 'schema' AND removed_at IS NULL ORDER BY name`,
      [map.collectedDatabaseId],
    );
  for (let index = 4; index < 200; index += 10) source.drop(key(index));
  source.schemas.delete('area_4');
  expect(await map.crawl()).toMatchObject({ removed: 20 });
  expect((await schemas()).map(({ name }) => name)).not.toContain('area_4');
  source.schemas.set('area_4', { key: 'area_4', name: 'area_4' });
  await map.crawl();
  expect((await schemas()).map(({ name }) => name)).toContain('area_4');
  // Hidden from the description alone, its tables still listed.
  source.schemas.delete('area_5');
  await map.crawl();
  expect((await schemas()).map(({ name }) => name)).toContain('area_5');
});
