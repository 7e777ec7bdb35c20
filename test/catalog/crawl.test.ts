import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TableStructure } from '../../catalog/model/table.js';
import { crawledCatalog, tableNamed, tablesOf, takeOutbox } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { syntheticColumn } from '../fakes/synthetic-table.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

const key = SyntheticSource.keyOf;
const crawled = async (size: number) => {
  const source = new SyntheticSource(size);
  const map = await crawledCatalog(catalog.database, source);
  const first = await map.crawl();
  source.pagesRead.length = 0;
  await takeOutbox(map);
  return { source, map, first };
};

test('a first crawl puts every table, its schemas and its database on the map', async () => {
  const source = new SyntheticSource(2_500);
  const map = await crawledCatalog(catalog.database, source);
  const { runId, ...counts } = await map.crawl();
  expect(counts).toEqual({
    tables: 2_500,
    added: 2_500,
    changed: 0,
    removed: 0,
    restored: 0,
    unchanged: 0,
    held: 0,
    problems: 0,
  });
  const kinds = await map.rows(
    `SELECT kind, count(*)::int AS n FROM entity WHERE collected_database_id = ? GROUP BY kind ORDER BY kind`,
    [map.collectedDatabaseId],
  );
  expect(kinds).toEqual([
    { kind: 'database', n: 1 },
    { kind: 'schema', n: 10 },
    { kind: 'table', n: 2_500 },
  ]);
  const [table] = await map.rows<{ guid: string; structure: TableStructure; column_count: number }>(
    `SELECT guid, structure::jsonb AS structure, column_count FROM entity WHERE name = 'orders_7_daily' AND collected_database_id = ?`,
    [map.collectedDatabaseId],
  );
  expect(table?.guid).toMatch(/^postgresql-table:db-[0-9a-f]+\.example%3A5432::shop:area_7:orders_7_daily$/);
  expect(table?.column_count).toBe(20);
  expect(table?.structure.columns.map(({ name, type }) => ({ name, type }))).toEqual(
    source.get(key(7)).structure.columns.map(({ name, type }) => ({ name, type })),
  );
  expect(table?.structure.primaryKey).toEqual({ name: 'orders_7_daily_pkey', columns: ['id'] });
  expect(await map.rows(`SELECT count(*)::int AS n FROM staged_object WHERE run_id = ?`, [runId])).toEqual([{ n: 0 }]);
  const [run] = await map.rows<{ outbox_mark: string; highest: string }>(
    `SELECT outbox_mark, (SELECT max(id) FROM search_outbox WHERE crawler_id = ?) AS highest FROM crawl_run WHERE id = ?`,
    [map.crawlerId, runId],
  );
  expect(run?.outbox_mark).toBe(run?.highest);
  expect(await takeOutbox(map)).toHaveLength(2_511);
  const [remembered] = await map.rows(
    `SELECT server_identity, last_run_id, last_complete_at IS NOT NULL AS complete, full_read_at IS NOT NULL AS read, table_count
     FROM collected_database WHERE id = ?`,
    [map.collectedDatabaseId],
  );
  expect(remembered).toEqual({
    server_identity: 'server-1',
    last_run_id: runId,
    complete: true,
    read: true,
    table_count: 2_500,
  });
});

test('an unchanged crawl reads no table, stages nothing and writes no row of the map', async () => {
  const { source, map } = await crawled(1_200);
  // Where each row stands and which transaction wrote it: any write shows.
  const rowsOf = (table: string) =>
    map.rows(`SELECT count(*), md5(string_agg(ctid || ' ' || xmin, ',' ORDER BY ctid)) FROM ${table}`);
  const written = () =>
    Promise.all(
      ['entity', 'source_object', 'entity_version', 'table_partition', 'run_change', 'search_outbox'].map(rowsOf),
    );
  const before = await written();
  const { runId, ...counts } = await map.crawl();
  expect(await written()).toEqual(before);
  expect(counts).toMatchObject({ tables: 1_200, unchanged: 1_200, added: 0, changed: 0 });
  expect(source.pagesRead).toEqual([]);
  expect(await map.rows(`SELECT status, pages_staged FROM crawl_unit WHERE run_id = ?`, [runId])).toEqual([
    { status: 'done', pages_staged: 0 },
  ]);
});

test('only what has a new fingerprint is read again, and only what differs becomes a new version', async () => {
  const { source, map } = await crawled(300);
  source.edit(key(5), { comment: 'now with another comment' });
  source.touch(key(9));
  const counts = await map.crawl();
  expect(source.pagesRead).toEqual([[key(5), key(9)]]);
  expect(counts).toMatchObject({ changed: 1, unchanged: 299 });
  expect(await tableNamed(map, 'orders_5_daily')).toMatchObject({ version: 2, comment: 'now with another comment' });
  expect(await tableNamed(map, 'orders_9_daily')).toMatchObject({ version: 1, fingerprint: 'changed-2' });
  expect(await takeOutbox(map)).toEqual(['orders_5_daily']);
  source.pagesRead.length = 0;
  await map.crawl();
  expect(source.pagesRead).toEqual([]);
});

test('estimates are written when they move by more than a tenth, without reading the table or telling search', async () => {
  const { source, map } = await crawled(20);
  source.estimate(key(1), 1_090);
  source.estimate(key(2), 1_200);
  const counts = await map.crawl();
  expect(source.pagesRead).toEqual([]);
  expect(counts).toMatchObject({ changed: 0, unchanged: 20 });
  const rows = await map.rows<{ native_key: string; rows: number }>(
    `SELECT native_key, row_estimate::int AS rows FROM source_object
     WHERE collected_database_id = ? AND native_key IN (?, ?) ORDER BY native_key`,
    [map.collectedDatabaseId, `table:${key(1)}`, `table:${key(2)}`],
  );
  expect(rows.map(({ rows: estimate }) => estimate)).toEqual([1_000, 1_200]);
  expect(await takeOutbox(map)).toEqual([]);
});

test('fingerprints are not believed for ever: after a week everything is read, and equal content changes nothing', async () => {
  const { source, map } = await crawled(30);
  const rewind = `UPDATE collected_database SET full_read_at = now() - interval '8 days' WHERE id = ?`;
  await map.rows(rewind, [map.collectedDatabaseId]);
  // A change that the fingerprint missed.
  const missed = source.get(key(4));
  source.edit(key(4), { comment: 'missed' });
  source.put(missed);
  const counts = await map.crawl();
  expect(source.pagesRead.flat()).toHaveLength(30);
  expect(counts).toMatchObject({ changed: 0, unchanged: 30 });
  const [{ recent } = { recent: false }] = await map.rows<{ recent: boolean }>(
    `SELECT full_read_at > now() - interval '1 hour' AS recent FROM collected_database WHERE id = ?`,
    [map.collectedDatabaseId],
  );
  expect(recent).toBe(true);
});

test('names and words with tabs, line ends, backslashes, quotes and Unicode arrive as they are', async () => {
  const { source, map } = await crawled(1);
  const words = [
    'tab\there',
    'line\nend\r\n',
    'back\\slash \\N \\.',
    `quo'te"s`,
    '数据地图 🗺️',
    '\\\\',
    '\u0001\u007f',
    '',
  ];
  for (const [at, word] of words.entries()) {
    source.put({
      ...source.get(key(0)),
      key: `odd-${at}\t\\`,
      name: `${word}${at}`,
      comment: word,
      owner: word,
      structure: {
        ...source.get(key(0)).structure,
        columns: [{ ...syntheticColumn(0), name: word, comment: word }],
        viewDefinition: `SELECT '${word}'`,
      },
    });
  }
  await map.crawl();
  for (const [at, word] of words.entries()) {
    const [row] = await map.rows(
      `SELECT comment, owner, structure::jsonb -> 'columns' -> 0 ->> 'name' AS "column",
              structure::jsonb ->> 'viewDefinition' AS view
       FROM entity WHERE collected_database_id = ? AND name = ?`,
      [map.collectedDatabaseId, `${word}${at}`],
    );
    expect(row).toEqual({ comment: word, owner: word, column: word, view: `SELECT '${word}'` });
  }
  expect(await map.crawl()).toMatchObject({ unchanged: 9, changed: 0 });
});

test('characters that PostgreSQL cannot store are replaced, and do not make the table look changed for ever', async () => {
  const { source, map } = await crawled(1);
  source.edit(key(0), { name: 'or\0ders', comment: 'nul \0 and half \ud83d' });
  await map.crawl();
  expect(await tableNamed(map, 'or\ufffdders')).toMatchObject({ comment: 'nul \ufffd and half \ufffd', version: 2 });
  source.touch(key(0));
  expect(await map.crawl()).toMatchObject({ unchanged: 1 });
});

test('a table of 1,600 columns and one of none fit', async () => {
  const { source, map } = await crawled(2);
  const columns = Array.from({ length: 1_600 }, (_, place) => syntheticColumn(place));
  source.edit(key(0), ({ structure }) => ({ structure: { ...structure, columns } }));
  source.edit(key(1), ({ structure }) => ({ structure: { ...structure, columns: [] } }));
  await map.crawl();
  const rows = await map.rows(
    `SELECT column_count, jsonb_array_length(structure::jsonb -> 'columns') AS stored FROM entity
     WHERE collected_database_id = ? AND kind = 'table' ORDER BY name`,
    [map.collectedDatabaseId],
  );
  expect(rows).toEqual([
    { column_count: 1_600, stored: 1_600 },
    { column_count: 0, stored: 0 },
  ]);
});

test('a new set of partitions replaces the old one, and is a change but no new version', async () => {
  const { source, map } = await crawled(3);
  const partition = (name: string, rows: number) => ({ name, ordinal: 0, bound: `FOR ${name}`, rows });
  const partitions = () =>
    map.rows<{ name: string; rows: number }>(
      `SELECT p.name, p.row_estimate::int AS rows FROM table_partition p JOIN entity e ON e.id = p.entity_id
       WHERE e.collected_database_id = ? ORDER BY p.name`,
      [map.collectedDatabaseId],
    );
  source.edit(key(0), { partitions: [partition('p1', 1), partition('p2', 2)] });
  await map.crawl();
  await takeOutbox(map);
  source.edit(key(0), { partitions: [partition('p2', 20), partition('p3', 3)] });
  const { runId, ...counts } = await map.crawl();
  expect(counts).toMatchObject({ changed: 1, unchanged: 2 });
  expect(await partitions()).toEqual([
    { name: 'p2', rows: 20 },
    { name: 'p3', rows: 3 },
  ]);
  expect(await tableNamed(map, 'orders_0_daily')).toMatchObject({ version: 1 });
  expect(await map.rows(`SELECT change, from_version, to_version FROM run_change WHERE run_id = ?`, [runId])).toEqual([
    { change: 'changed', from_version: 1, to_version: 1 },
  ]);
  expect(await takeOutbox(map)).toEqual([]);
  source.edit(key(0), { partitions: [partition('p2', 999), partition('p3', 999)] });
  expect(await map.crawl()).toMatchObject({ changed: 0, unchanged: 3 });
  source.edit(key(0), { partitions: [] });
  await map.crawl();
  expect(await partitions()).toEqual([]);
});

test('a table that goes between listing and reading is left for the next listing to tell', async () => {
  const { source, map } = await crawled(5);
  source.touch(key(2));
  source.faults = { beforePage: () => source.drop(key(2)) };
  expect(await map.crawl()).toMatchObject({ removed: 0 });
  source.faults = {};
  expect(await map.crawl()).toMatchObject({ removed: 1 });
  expect((await tablesOf(map)).size).toBe(5);
});

test('an object that could not be read whole makes its database partial, and is read each time until it is', async () => {
  const source = new SyntheticSource(3);
  const problem = { schema: 'area_1', name: 'orders_1_daily', code: 'BROKEN_VIEW', message: 'its text is gone' };
  source.problems.push(problem);
  const map = await crawledCatalog(catalog.database, source);
  const statusOf = async (runId: string) =>
    (await map.rows('SELECT status FROM crawl_unit WHERE run_id = ?', [runId]))[0];
  const first = await map.crawl();
  expect(first).toMatchObject({ added: 3, problems: 1 });
  expect(await statusOf(first.runId)).toEqual({ status: 'partial' });
  expect(
    await map.rows(`SELECT level, schema_name, object_name, code FROM crawl_problem WHERE run_id = ?`, [first.runId]),
  ).toEqual([{ level: 'error', schema_name: 'area_1', object_name: 'orders_1_daily', code: 'BROKEN_VIEW' }]);

  source.pagesRead.length = 0;
  const second = await map.crawl();
  expect(second).toMatchObject({ changed: 0, unchanged: 3, problems: 1 });
  expect(await statusOf(second.runId)).toEqual({ status: 'partial' });
  expect(source.pagesRead).toEqual([[SyntheticSource.keyOf(1)]]);

  source.problems.length = 0;
  const mended = await map.crawl();
  expect(mended).toMatchObject({ changed: 0, unchanged: 3, problems: 0 });
  expect(await statusOf(mended.runId)).toEqual({ status: 'done' });
  source.pagesRead.length = 0;
  await map.crawl();
  expect(source.pagesRead).toEqual([]);
});
