import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diffVersions } from '../../catalog/entities/diff-versions.js';
import { getEntity } from '../../catalog/entities/entity.js';
import { listColumns } from '../../catalog/entities/list-columns.js';
import { listEntities } from '../../catalog/entities/list-entities.js';
import { listPartitions } from '../../catalog/entities/list-partitions.js';
import { listRunChanges } from '../../catalog/entities/list-run-changes.js';
import { getVersion, listVersions } from '../../catalog/entities/versions.js';
import type { Page } from '../../catalog/model/cursor.js';
import { type CrawledCatalog, crawledCatalog, tableNamed } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { syntheticColumn } from '../fakes/synthetic-table.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let source: SyntheticSource;
let map: CrawledCatalog;
const key = SyntheticSource.keyOf;
const everything = () => map.database.raw('TRUE');
const nothing = () => map.database.raw('d.workspace_id = ANY (?::uuid[])', [[]]);

beforeAll(async () => {
  catalog = await testDatabase();
  source = new SyntheticSource(95);
  map = await crawledCatalog(catalog.database, source);
  source.edit(key(1), {
    partitions: Array.from({ length: 25 }, (_, index) => ({ name: `p_${index}`, ordinal: index, rows: index })),
  });
  await map.crawl();
});
afterAll(() => catalog.drop());

/** All items of a list, read in pages. */
async function allOf<Item>(read: (cursor: string | undefined) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return items;
}
const page = (limit: number, cursor: string | undefined) => ({ limit, ...(cursor === undefined ? {} : { cursor }) });

test('an entity is read by id and by guid, with where it comes from', async () => {
  const { id, guid } = await tableNamed(map, 'orders_3_daily');
  const entity = await getEntity(map.database, { id }, everything());
  expect(entity).toMatchObject({
    id,
    guid,
    kind: 'table',
    type: 'TABLE',
    database: 'shop',
    schema: 'area_3',
    columnCount: 20,
    rows: 1_000,
    bytes: 8_192,
    version: 1,
    crawler: { id: map.crawlerId, name: 'shop' },
    workspace: { id: map.workspaceId },
    structure: { primaryKey: { name: 'orders_3_daily_pkey', columns: ['id'] }, uniqueKeys: [] },
  });
  expect(entity.structure).not.toHaveProperty('columns');
  expect(await getEntity(map.database, { guid }, everything())).toEqual(entity);
});

test('what may not be seen is not found, by any reading', async () => {
  const { id, guid } = await tableNamed(map, 'orders_3_daily');
  const hidden = { code: 'NOT_FOUND' };
  await expect(getEntity(map.database, { id }, nothing())).rejects.toMatchObject(hidden);
  await expect(getEntity(map.database, { guid }, nothing())).rejects.toMatchObject(hidden);
  await expect(listColumns(map.database, id, {}, { limit: 5 }, nothing())).rejects.toMatchObject(hidden);
  await expect(listPartitions(map.database, id, {}, { limit: 5 }, nothing())).rejects.toMatchObject(hidden);
  await expect(listVersions(map.database, id, { limit: 5 }, nothing())).rejects.toMatchObject(hidden);
  await expect(getVersion(map.database, id, 1, nothing())).rejects.toMatchObject(hidden);
  const filter = { kind: 'table', databaseId: map.collectedDatabaseId } as const;
  expect((await listEntities(map.database, filter, { limit: 5 }, nothing())).items).toEqual([]);
});

test.each([1, 7, 95, 200])('tables are listed by schema and name in pages of %d', async (limit) => {
  const tables = await allOf((cursor) =>
    listEntities(
      map.database,
      { kind: 'table', databaseId: map.collectedDatabaseId },
      page(limit, cursor),
      everything(),
    ),
  );
  const names = tables.map(({ schema, name }) => `${schema} ${name}`);
  expect(names).toHaveLength(95);
  expect(names).toEqual([...names].sort());
});

test('tables of one schema, schemas of one database, and databases are listed', async () => {
  const databaseId = map.collectedDatabaseId;
  const list = (filter: Parameters<typeof listEntities>[1]) =>
    allOf((cursor) => listEntities(map.database, filter, page(3, cursor), everything()));
  expect(await list({ kind: 'table', databaseId, schema: 'area_4' })).toHaveLength(10);
  expect((await list({ kind: 'schema', databaseId })).map(({ name }) => name)).toHaveLength(10);
  expect(await list({ kind: 'database', crawlerId: map.crawlerId })).toMatchObject([
    { name: 'shop', type: 'DATABASE' },
  ]);
});

test('sources without schemas are listed in pages too', async () => {
  const flat = new SyntheticSource(0);
  const other = await crawledCatalog(catalog.database, flat);
  for (let index = 0; index < 9; index += 1)
    flat.put({ ...source.get(key(0)), key: `t${index}`, schema: null, name: `t${index}` });
  await other.crawl();
  const tables = await allOf((cursor) =>
    listEntities(
      other.database,
      { kind: 'table', databaseId: other.collectedDatabaseId },
      page(2, cursor),
      everything(),
    ),
  );
  expect(tables.map(({ name, schema }) => ({ name, schema }))).toEqual(
    Array.from({ length: 9 }, (_, index) => ({ name: `t${index}`, schema: null })),
  );
});

describe('columns', () => {
  test('come in order, in pages, as the source declares them', async () => {
    const { id } = await tableNamed(map, 'orders_3_daily');
    const columns = await allOf((cursor) => listColumns(map.database, id, {}, page(6, cursor), everything()));
    const { primaryKeyPlace, ...first } = columns[0] ?? {};
    expect(primaryKeyPlace).toBe(1);
    expect([first, ...columns.slice(1)]).toMatchObject(source.get(key(3)).structure.columns);
    expect(columns.map(({ keys }) => keys)).toEqual([['primary'], ...columns.slice(1).map(() => [])]);
  });

  test.each([
    ['C19', 1],
    ['NUMERIC', 3],
    ['column 7 of', 1],
    ['100%', 0],
  ])('are narrowed to those that hold %s in name, type or comment', async (text, total) => {
    const { id } = await tableNamed(map, 'orders_3_daily');
    const found = await listColumns(map.database, id, { text }, { limit: 2 }, everything());
    expect(found.total).toBe(total);
    expect(found.items).toHaveLength(Math.min(total, 2));
  });

  test('of a table without a primary key have no place in one', async () => {
    source.edit(key(9), ({ structure: { primaryKey: _, ...structure } }) => ({ structure }));
    await map.crawl();
    const { id } = await tableNamed(map, 'orders_9_daily');
    const { items } = await listColumns(map.database, id, {}, { limit: 50 }, everything());
    expect(items).toMatchObject(source.get(key(9)).structure.columns);
    expect(items.filter((column) => 'primaryKeyPlace' in column)).toEqual([]);
  });
});

test('partitions are listed by name and narrowed by prefix', async () => {
  const { id } = await tableNamed(map, 'orders_1_daily');
  const list = (prefix: string) =>
    allOf((cursor) => listPartitions(map.database, id, { prefix }, page(4, cursor), everything()));
  expect(await list('')).toHaveLength(25);
  expect((await list('p_2')).map(({ name }) => name)).toEqual(['p_2', 'p_20', 'p_21', 'p_22', 'p_23', 'p_24']);
  const newest = await allOf((cursor) =>
    listPartitions(map.database, id, { prefix: 'p_2' }, { ...page(4, cursor), descending: true }, everything()),
  );
  expect(newest.map(({ name }) => name)).toEqual(['p_24', 'p_23', 'p_22', 'p_21', 'p_20', 'p_2']);
  expect((await list('p_7'))[0]).toEqual({
    name: 'p_7',
    ordinal: 7,
    bound: null,
    parent: null,
    rows: 7,
    bytes: null,
    properties: {},
  });
  expect((await getEntity(map.database, { id }, everything())).partitionCount).toBe(25);
});

test('every change of structure is a version, and any two can be compared', async () => {
  source.edit(key(20), {
    type: 'VIEW',
    structure: { ...source.get(key(20)).structure, viewDefinition: 'SELECT 1\nFROM a' },
  });
  await map.crawl();
  source.edit(key(20), ({ structure }) => ({
    comment: 'new words',
    structure: {
      ...structure,
      viewDefinition: 'SELECT 1\nFROM b',
      indexes: [{ name: 'i', unique: true, columns: ['c1'] }],
      columns: [
        ...structure.columns.slice(0, 18),
        { ...(structure.columns[18] as (typeof structure.columns)[0]), name: 'renamed' },
        { ...syntheticColumn(30), ordinal: 20, type: 'numeric(15,3)' },
      ].map((column) => (column.name === 'c2' ? { ...column, type: 'numeric(15,3)' } : column)),
    },
  }));
  const { runId } = await map.crawl();
  const { id } = await tableNamed(map, 'orders_20_daily');
  const versions = await allOf((cursor) => listVersions(map.database, id, page(1, cursor), everything()));
  expect(versions.map(({ version, type }) => [version, type])).toEqual([
    [3, 'VIEW'],
    [2, 'VIEW'],
    [1, 'TABLE'],
  ]);
  expect(versions[0]?.runId).toBe(runId);
  const [second, third] = await Promise.all(
    [2, 3].map((version) => getVersion(map.database, id, version, everything())),
  );
  const diff = diffVersions(second as never, third as never);
  expect(diff.properties).toEqual([{ field: 'comment', from: 'relation 20: orders of one day', to: 'new words' }]);
  expect(diff.columns.added.map(({ name }) => name)).toEqual(['renamed', 'c30']);
  expect(diff.columns.removed.map(({ name }) => name)).toEqual(['c18', 'c19']);
  expect(diff.columns.possibleRenames).toEqual([{ from: 'c18', to: 'renamed' }]);
  expect(diff.columns.changed).toEqual([
    { name: 'c2', changes: expect.arrayContaining([{ field: 'type', from: expect.any(String), to: 'numeric(15,3)' }]) },
  ]);
  expect(diff.indexes.added).toEqual([{ name: 'i', unique: true, columns: ['c1'] }]);
  expect(diff.viewDefinition).toContain('-FROM a');
  expect(diff.viewDefinition).toContain('+FROM b');
  const first = await getVersion(map.database, id, 1, everything());
  expect(diffVersions(first, first)).toMatchObject({
    properties: [],
    columns: { added: [], changed: [] },
    viewDefinition: null,
  });
  await expect(getVersion(map.database, id, 4, everything())).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a column is possibly renamed to the one that stands in its place, before others that are alike', () => {
  const version = (number: number, ...names: string[]) =>
    ({
      version: number,
      structure: {
        columns: names.map((name, at) => ({ name, ordinal: at + 1, type: 'text', nullable: true })),
        uniqueKeys: [],
        foreignKeys: [],
        indexes: [],
        properties: {},
      },
    }) as never;
  const { columns } = diffVersions(
    version(1, 'dropped', 'id', 'note', 'total'),
    version(2, 'id', 'remark', 'total', 'added'),
  );
  expect(columns.possibleRenames).toEqual([
    { from: 'dropped', to: 'added' },
    { from: 'note', to: 'remark' },
  ]);
  expect(columns.aligned.map(({ from, to }) => [from?.name, to?.name])).toEqual([
    ['id', 'id'],
    ['note', 'remark'],
    ['total', 'total'],
    ['dropped', 'added'],
  ]);
});

test('a run lists what it added, changed and removed, with names and versions', async () => {
  source.put({ ...source.get(key(30)), key: 'fresh', name: 'fresh' });
  source.edit(key(31), { comment: 'other' });
  source.drop(key(32));
  const { runId } = await map.crawl();
  const changes = await allOf((cursor) => listRunChanges(map.database, runId, {}, page(1, cursor), everything()));
  expect(changes.map(({ change, name, fromVersion, toVersion }) => ({ change, name, fromVersion, toVersion }))).toEqual(
    [
      { change: 'changed', name: 'orders_31_daily', fromVersion: 1, toVersion: 2 },
      { change: 'removed', name: 'orders_32_daily', fromVersion: 1, toVersion: null },
      { change: 'added', name: 'fresh', fromVersion: null, toVersion: 1 },
    ],
  );
  const added = await listRunChanges(map.database, runId, { change: 'added' }, { limit: 10 }, everything());
  expect(added.items.map(({ name }) => name)).toEqual(['fresh']);
  expect((await listRunChanges(map.database, runId, {}, { limit: 10 }, nothing())).items).toEqual([]);
});

test('a cursor that no list gave out is refused', async () => {
  const filter = { kind: 'table', databaseId: map.collectedDatabaseId } as const;
  for (const cursor of [
    'x',
    Buffer.from('["a"]').toString('base64url'),
    Buffer.from('["","","x"]').toString('base64url'),
  ]) {
    await expect(listEntities(map.database, filter, { limit: 5, cursor }, everything())).rejects.toMatchObject({
      code: 'INVALID_CURSOR',
    });
  }
});
