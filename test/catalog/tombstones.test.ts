import { afterAll, beforeAll, expect, test } from 'vitest';
import { listTombstones } from '../../catalog/entities/list-tombstones.js';
import { restoreEntity } from '../../catalog/removals/restore-entity.js';
import { databasesToPurge, purgeTombstones } from '../../catalog/retire/purge-tombstones.js';
import { purgeViews } from '../../catalog/retire/purge-views.js';
import { type CrawledCatalog, crawledCatalog, tableNamed, tablesOf, takeOutbox } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

const key = SyntheticSource.keyOf;
/** A map whose table `orders_3`, described by a person and with a version behind it, was removed with its schema. */
const withTombstone = async () => {
  const source = new SyntheticSource(40);
  const map = await crawledCatalog(catalog.database, source);
  source.put({ ...source.get(key(3)), name: 'orders_3', schema: 'sales' });
  source.schemas.set('sales', { key: 'sales', name: 'sales' });
  await map.crawl();
  source.edit(key(3), { comment: 'orders' });
  await map.crawl();
  const { id } = await tableNamed(map, 'orders_3');
  await map.rows(`INSERT INTO annotation (entity_id, description) SELECT id, 'Ours' FROM entity WHERE id = ?`, [id]);
  const table = source.get(key(3));
  source.drop(key(3));
  source.schemas.delete('sales');
  await map.crawl();
  await takeOutbox(map);
  return { source, map, id, table };
};
const stateOf = async (map: CrawledCatalog, id: string) =>
  (
    await map.rows<{ living: boolean; description: string; version: number; versions: number }>(
      `SELECT e.removed_at IS NULL AS living, (SELECT a.description FROM annotation a WHERE a.entity_id = e.id), e.version,
              (SELECT count(*)::int FROM entity_version v WHERE v.entity_id = e.id) AS versions
       FROM entity e WHERE e.id = ?`,
      [id],
    )
  )[0];
const tombstonesOf = async (map: CrawledCatalog, page: { cursor?: string; limit: number } = { limit: 10 }) =>
  listTombstones(map.database, { crawlerId: map.crawlerId }, page, 'everything');
const age = (map: CrawledCatalog, days: number) =>
  map.rows(
    `UPDATE entity SET removed_at = now() - make_interval(days => ?) WHERE collected_database_id = ? AND removed_at IS NOT NULL`,
    [days, map.collectedDatabaseId],
  );

test('what was removed is listed, the last first, page by page, to its own workspace alone', async () => {
  const { map, source, id } = await withTombstone();
  source.drop(key(5));
  await map.crawl();
  const all = await tombstonesOf(map);
  expect(all.items.map(({ kind }) => kind).sort()).toEqual(['schema', 'table', 'table']);
  expect(all.items[0]).toMatchObject({ kind: 'table', schema: 'area_5' });
  const first = await tombstonesOf(map, { limit: 1 });
  const rest = await tombstonesOf(map, { cursor: first.nextCursor ?? '', limit: 10 });
  expect([...first.items, ...rest.items]).toEqual(all.items);
  expect(all.items.map((entity) => entity.id)).toContain(id);
  await map.rows(`UPDATE collected_database SET visibility = 'tenant' WHERE id = ?`, [map.collectedDatabaseId]);
  expect(await listTombstones(map.database, {}, { limit: 10 }, [])).toEqual({ items: [] });
  expect((await listTombstones(map.database, {}, { limit: 10 }, [map.workspaceId])).items).toHaveLength(3);
});

test('what is restored has its words and versions, is found again, and brings its schema along', async () => {
  const { map, id } = await withTombstone();
  expect(await stateOf(map, id)).toEqual({ living: false, description: 'Ours', version: 2, versions: 1 });
  expect(await restoreEntity(map.database, id)).toHaveLength(2);
  expect(await stateOf(map, id)).toEqual({ living: true, description: 'Ours', version: 2, versions: 1 });
  expect((await takeOutbox(map)).sort()).toEqual(['orders_3', 'sales']);
  expect((await tombstonesOf(map)).items).toEqual([]);
  await expect(restoreEntity(map.database, id)).rejects.toMatchObject({ code: 'NOT_REMOVED' });
});

test('what is restored stays through listings that prove nothing, until a complete one misses it', async () => {
  const { source, map, id } = await withTombstone();
  await restoreEntity(map.database, id);
  source.faults = { incomplete: { code: 'PERMISSION_DENIED', reason: 'no', remedy: 'grant' } };
  await map.crawl();
  expect(await stateOf(map, id)).toMatchObject({ living: true });
  source.faults = {};
  expect(await map.crawl()).toMatchObject({ removed: 1 });
  expect(await stateOf(map, id)).toMatchObject({ living: false, description: 'Ours' });
});

test('what is restored and then shown by the source is the same entity', async () => {
  const { source, map, id, table } = await withTombstone();
  await restoreEntity(map.database, id);
  source.put({ ...table, key: '999999' });
  source.schemas.set('sales', { key: 'sales-2', name: 'sales' });
  expect(await map.crawl()).toMatchObject({ added: 0, removed: 0, tables: 40 });
  expect(await tableNamed(map, 'orders_3')).toMatchObject({ id, description: 'Ours' });
  expect(await map.crawl()).toMatchObject({ unchanged: 40, removed: 0 });
});

test('a removed table whose name another one has now cannot be restored', async () => {
  const { source, map, id, table } = await withTombstone();
  await map.rows(`UPDATE entity SET guid = guid || '-other' WHERE id = ?`, [id]);
  source.put({ ...table, key: '999999' });
  await map.crawl();
  await map.rows(`UPDATE entity SET guid = replace(guid, '-other', '') WHERE id = ?`, [id]);
  const entityId = (await tableNamed(map, 'orders_3')).id;
  await expect(restoreEntity(map.database, id)).rejects.toMatchObject({ code: 'PLACE_TAKEN', entityId });
});

test('nothing is restored while a run publishes the database, or once the database is leaving', async () => {
  const { map, id } = await withTombstone();
  const ref = await map.openRun();
  await map.rows(`UPDATE crawl_unit SET status = 'publishing' WHERE run_id = ?`, [ref.runId]);
  await expect(restoreEntity(map.database, id)).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
  await map.rows(`UPDATE crawl_unit SET status = 'done' WHERE run_id = ?`, [ref.runId]);
  await map.rows(`UPDATE collected_database SET retiring_at = now() WHERE id = ?`, [map.collectedDatabaseId]);
  await expect(restoreEntity(map.database, id)).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
});

test('tombstones are purged once they are too old, in batches, with their versions, and no living entity is', async () => {
  const { source, map, id } = await withTombstone();
  for (let index = 10; index < 15; index += 1) source.drop(key(index));
  await map.crawl();
  await age(map, 29);
  expect(await databasesToPurge(map.database, 30)).not.toContain(map.collectedDatabaseId);
  await age(map, 31);
  expect(await databasesToPurge(map.database, 30)).toContain(map.collectedDatabaseId);
  const purge = () => purgeTombstones(map.database, map.collectedDatabaseId, { days: 30, limit: 4 });
  const ref = await map.openRun();
  await map.rows(`UPDATE crawl_unit SET status = 'publishing' WHERE run_id = ?`, [ref.runId]);
  expect(await purge()).toBe(0);
  await map.rows(`UPDATE crawl_unit SET status = 'done' WHERE run_id = ?`, [ref.runId]);
  expect([await purge(), await purge(), await purge()]).toEqual([4, 3, 0]);
  expect((await tombstonesOf(map)).items).toEqual([]);
  expect(await map.rows(`SELECT 1 FROM entity_version WHERE entity_id = ?`, [id])).toEqual([]);
  expect([...(await tablesOf(map)).values()]).toHaveLength(34);
  expect(await takeOutbox(map)).toHaveLength(0);
  await expect(restoreEntity(map.database, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('who opened a page is forgotten after so many days, in batches, and what pages show is not', async () => {
  const map = await crawledCatalog(catalog.database, new SyntheticSource(2));
  await map.crawl();
  await map.rows(
    `INSERT INTO person (email, name) SELECT 'reader' || n || '@example.com', 'Reader' FROM generate_series(1, 3) n`,
  );
  await map.rows(
    `INSERT INTO entity_view (entity_id, day, person_id)
     SELECT e.id, (now() AT TIME ZONE 'UTC')::date - back, p.id
     FROM entity e, person p, unnest(ARRAY[0, 29, 90, 91, 400]) back
     WHERE e.collected_database_id = ? AND e.kind = 'table' AND p.email LIKE 'reader%'`,
    [map.collectedDatabaseId],
  );
  const purge = () => purgeViews(map.database, { days: 90, limit: 8 });
  expect([await purge(), await purge(), await purge()]).toEqual([8, 4, 0]);
  const [kept] = await map.rows<{ days: number[]; views: number }>(
    `SELECT array_agg(DISTINCT (now() AT TIME ZONE 'UTC')::date - day ORDER BY (now() AT TIME ZONE 'UTC')::date - day) AS days,
            count(*)::int AS views
     FROM entity_view`,
  );
  expect(kept).toEqual({ days: [0, 29, 90], views: 18 });
});
