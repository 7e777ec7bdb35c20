import { afterAll, beforeAll, expect, test } from 'vitest';
import { getEntity } from '../../catalog/entities/entity.js';
import { listColumns } from '../../catalog/entities/list-columns.js';
import { listReferences, listReferrers } from '../../catalog/entities/references.js';
import { getVersion } from '../../catalog/entities/versions.js';
import { documentsOf } from '../../search/documents.js';
import { crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

const MIGRATION = { name: '0036-structures-are-text' };
const key = SyntheticSource.keyOf;

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

test('a filled catalog reads the same after the migration, merges what was staged before it and finds nothing changed', async () => {
  const { database } = catalog;
  const source = new SyntheticSource(4);
  const map = await crawledCatalog(database, source);
  await map.crawl();
  source.edit(key(1), ({ structure }) => ({
    comment: 'a word with "references": in it',
    structure: {
      ...structure,
      foreignKeys: [
        { name: 'to_3', columns: ['c1'], references: { schema: 'area_3', table: 'orders_3_daily', columns: ['id'] } },
      ],
      viewDefinition: `SELECT '"references": []'`,
    },
  }));
  await map.crawl();
  const [{ id = '' } = {}] = await map.rows<{ id: string }>(`SELECT id FROM entity WHERE name = 'orders_1_daily'`);
  const everything = () => database.raw('TRUE');
  const read = async () => ({
    entity: await getEntity(database, { id }, everything()),
    columns: await listColumns(database, id, {}, { limit: 100 }, everything()),
    references: await listReferences(database, id, everything()),
    versions: [await getVersion(database, id, 1, everything()), await getVersion(database, id, 2, everything())],
    document: await documentsOf(database, [id]),
  });
  const [{ id: referred = '' } = {}] = await map.rows<{ id: string }>(
    `SELECT id FROM entity WHERE name = 'orders_3_daily'`,
  );
  const typeOf = async () => (await map.rows(`SELECT pg_typeof(structure)::text AS type FROM entity LIMIT 1`))[0];
  const before = await read();
  source.edit(key(2), { comment: 'read before, merged after' });
  const staged = await map.openRun();
  await map.collect(staged);

  await database.migrate.down(MIGRATION);
  expect(await typeOf()).toEqual({ type: 'jsonb' });
  await database.migrate.up(MIGRATION);
  expect(await typeOf()).toEqual({ type: 'text' });

  expect(await read()).toEqual(before);
  expect(await listReferrers(database, referred, { limit: 10 }, everything())).toMatchObject({
    items: [{ name: 'to_3', entity: { id } }],
  });
  expect(await map.publish(staged)).toMatchObject({ changed: 1 });
  source.touch(key(0));
  expect(await map.crawl()).toMatchObject({ unchanged: 4, changed: 0 });
  source.edit(key(1), { comment: 'another' });
  expect(await map.crawl()).toMatchObject({ changed: 1 });
  expect((await getVersion(database, id, 2, everything())).structure).toEqual(before.versions[1]?.structure);
});

test('a structure is stored as it was hashed', async () => {
  const { database } = catalog;
  const map = await crawledCatalog(database, new SyntheticSource(1));
  await map.crawl();
  const [row] = await map.rows(
    `SELECT structure LIKE '{"columns":[{"name":"id","type":%' AS stored FROM entity
      WHERE collected_database_id = ? AND kind = 'table'`,
    [map.collectedDatabaseId],
  );
  expect(row).toEqual({ stored: true });
});
