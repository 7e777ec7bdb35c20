import { afterAll, beforeAll, expect, test } from 'vitest';
import { crawledCatalog, type MappedTable, tableNamed, tablesOf, takeOutbox } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

const key = SyntheticSource.keyOf;
const crawled = async (size: number) => {
  const source = new SyntheticSource(size, 1);
  const map = await crawledCatalog(catalog.database, source);
  await map.crawl();
  await takeOutbox(map);
  return { source, map };
};
const living = async (map: Parameters<typeof tablesOf>[0]): Promise<MappedTable[]> =>
  [...(await tablesOf(map)).values()].filter((table) => table.living);

test('a renamed table is the same entity under a new guid, and its old name is in its versions', async () => {
  const { source, map } = await crawled(3);
  const before = await tableNamed(map, 'orders_1_daily');
  source.edit(key(1), { name: 'invoices' });
  expect(await map.crawl()).toMatchObject({ changed: 1, added: 0, removed: 0 });
  const after = await tableNamed(map, 'invoices');
  expect(after).toMatchObject({ id: before.id, version: 2 });
  expect(after.guid).toMatch(/:area_0:invoices$/);
  expect(await map.rows(`SELECT version, guid FROM entity_version WHERE entity_id = ?`, [before.id])).toEqual([
    { version: 1, guid: before.guid },
  ]);
  expect(await takeOutbox(map)).toEqual(['invoices']);
});

test.each([
  ['within a page', 10, 1, 2],
  ['over pages', 1_500, 3, 1_400],
  ['over pages, the other way round', 1_500, 1_400, 3],
])('two tables that swap names %s keep their entities', async (_where, size, one, other) => {
  const { source, map } = await crawled(size);
  const before = {
    one: await tableNamed(map, `orders_${one}_daily`),
    other: await tableNamed(map, `orders_${other}_daily`),
  };
  // Everything has a new fingerprint, so that the two are read in different pages where there are several.
  for (let index = 0; index < size; index += 1) source.touch(key(index));
  source.edit(key(one), { name: `orders_${other}_daily` });
  source.edit(key(other), { name: `orders_${one}_daily` });
  expect(await map.crawl()).toMatchObject({ changed: 2, added: 0, removed: 0 });
  expect(await tableNamed(map, `orders_${other}_daily`)).toMatchObject({ id: before.one.id, guid: before.other.guid });
  expect(await tableNamed(map, `orders_${one}_daily`)).toMatchObject({ id: before.other.id, guid: before.one.guid });
  expect((await living(map)).filter(({ guid }) => guid.includes('#'))).toEqual([]);
});

test('names that move on in a ring of three, with a new table in the first place, end where they belong', async () => {
  const { source, map } = await crawled(4);
  const ids = await Promise.all([0, 1, 2].map(async (index) => (await tableNamed(map, `orders_${index}_daily`)).id));
  source.edit(key(0), { name: 'orders_1_daily' });
  source.edit(key(1), { name: 'orders_2_daily' });
  source.edit(key(2), { name: 'last' });
  source.put({ ...source.get(key(3)), key: '7', name: 'orders_0_daily' });
  expect(await map.crawl()).toMatchObject({ changed: 3, added: 1 });
  const names = ['orders_1_daily', 'orders_2_daily', 'last'];
  expect(await Promise.all(names.map(async (name) => (await tableNamed(map, name)).id))).toEqual(ids);
  expect(ids).not.toContain((await tableNamed(map, 'orders_0_daily')).id);
});

test('a table that was dropped and made again keeps its entity and what people wrote about it', async () => {
  const { source, map } = await crawled(20);
  const before = await tableNamed(map, 'orders_4_daily');
  await map.rows(`INSERT INTO annotation (entity_id, description) SELECT id, 'ours' FROM entity WHERE id = ?`, [
    before.id,
  ]);
  const table = source.get(key(4));
  source.drop(key(4));
  source.put({ ...table, key: '999999' });
  expect(await map.crawl()).toMatchObject({ added: 0, removed: 0, changed: 0, unchanged: 20 });
  expect(await tableNamed(map, 'orders_4_daily')).toMatchObject({ id: before.id, description: 'ours', version: 1 });
  expect(await map.rows(`SELECT native_key FROM source_object WHERE entity_id = ?`, [before.id])).toEqual([
    { native_key: 'table:999999' },
  ]);
});

test('all tables dropped and made again at once are no mass removal', async () => {
  const { source, map } = await crawled(40);
  const ids = (await living(map)).map(({ id }) => id).sort();
  for (let index = 0; index < 40; index += 1) {
    const table = source.get(key(index));
    source.drop(key(index));
    source.put({ ...table, key: `again-${index}` });
  }
  expect(await map.crawl()).toMatchObject({ added: 0, removed: 0, held: 0, unchanged: 40, problems: 0 });
  expect((await living(map)).map(({ id }) => id).sort()).toEqual(ids);
});

test('a table that goes is a tombstone, and comes back with the words people wrote', async () => {
  const { source, map } = await crawled(20);
  const before = await tableNamed(map, 'orders_6_daily');
  await map.rows(`INSERT INTO annotation (entity_id, description) SELECT id, 'ours' FROM entity WHERE id = ?`, [
    before.id,
  ]);
  const table = source.get(key(6));
  source.drop(key(6));
  expect(await map.crawl()).toMatchObject({ removed: 1 });
  expect((await tablesOf(map)).get(before.guid)).toMatchObject({ living: false, description: 'ours' });
  expect(await takeOutbox(map)).toEqual(['orders_6_daily']);
  source.put({ ...table, key: '888888', comment: 'back' });
  expect(await map.crawl()).toMatchObject({ restored: 1, added: 0, changed: 0 });
  const after = await tableNamed(map, 'orders_6_daily');
  expect(after).toMatchObject({ id: before.id, description: 'ours', comment: 'back', version: 2 });
  expect(await takeOutbox(map)).toEqual(['orders_6_daily']);
});

test('a table renamed to the name of one that was dropped takes the name, and the tombstone keeps it too', async () => {
  const { source, map } = await crawled(20);
  const dropped = await tableNamed(map, 'orders_2_daily');
  const renamed = await tableNamed(map, 'orders_8_daily');
  source.drop(key(2));
  source.edit(key(8), { name: 'orders_2_daily' });
  expect(await map.crawl()).toMatchObject({ changed: 1, removed: 1 });
  const rows = await map.rows(`SELECT id, removed_at IS NULL AS living FROM entity WHERE guid = ? ORDER BY id`, [
    dropped.guid,
  ]);
  expect(rows).toEqual([
    { id: dropped.id, living: false },
    { id: renamed.id, living: true },
  ]);
});

test('two tables read under one name do not stop the crawl, and the next one puts them right', async () => {
  const { source, map } = await crawled(1_500);
  for (let index = 0; index < 1_500; index += 1) source.touch(key(index));
  // Renamed between the reading of its page and of the other's.
  source.faults = {
    beforePage: (page) => {
      if (page !== source.pagesRead.length || page % 2 === 0) return;
      source.edit(key(3), { name: 'moved' });
      source.edit(key(1_400), { name: 'orders_3_daily' });
    },
  };
  await map.crawl();
  source.faults = {};
  await map.crawl();
  const names = (await living(map)).filter(({ guid }) => !guid.includes('#')).map(({ name }) => name);
  expect(names).toHaveLength(1_500);
  expect(names).toContain('moved');
  expect(names).toContain('orders_3_daily');
  expect(names).not.toContain('orders_1400_daily');
});
