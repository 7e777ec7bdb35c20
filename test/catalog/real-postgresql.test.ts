import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgresqlConnector } from '../../connectors/postgresql/connector.js';
import { connectionTo, createSource, servers } from '../connectors/postgresql/source.js';
import { type CrawledCatalog, crawledCatalog, tableNamed } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { emptyDatabase, testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

/** A map that crawls a real database, as `as.user`. */
async function mapOf(source: { url: string; name: string }): Promise<{ map: CrawledCatalog; as: { user?: string } }> {
  const map = await crawledCatalog(catalog.database, new SyntheticSource(0));
  const as: { user?: string } = {};
  map.context.loadConnector = async () => ({
    ...postgresqlConnector,
    openDatabase: (_connection, _database, options) =>
      postgresqlConnector.openDatabase(connectionTo(source.url, as), source.name, options),
  });
  return { map, as };
}
async function on(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
const holdsOf = (map: CrawledCatalog) =>
  map.rows<{ code: string; tables: number }>(
    `SELECT cause ->> 'code' AS code, tables FROM held_removal WHERE crawler_id = ? ORDER BY held_at`,
    [map.crawlerId],
  );

describe.each(servers)('a map of $name', ({ url }) => {
  test('keeps a table’s entity, words and versions through renames of the table and of its schema', async () => {
    const source = await createSource(url);
    try {
      await source.client.query(`
        CREATE SCHEMA sales;
        CREATE TABLE sales.orders (id integer PRIMARY KEY, note text);
        CREATE TABLE sales.items (id integer PRIMARY KEY)`);
      const { map } = await mapOf(source);
      await map.crawl();
      const { id, guid } = await tableNamed(map, 'orders');
      const schemaId = async (name: string) =>
        (
          await map.rows<{ id: string }>(
            `SELECT id FROM entity WHERE collected_database_id = ? AND kind = 'schema' AND name = ? AND removed_at IS NULL`,
            [map.collectedDatabaseId, name],
          )
        )[0]?.id;
      const sales = await schemaId('sales');
      await map.rows(
        `INSERT INTO annotation (entity_id, description) SELECT id, 'Ours' FROM entity WHERE id IN (?, ?)`,
        [id, sales],
      );

      await source.client.query('ALTER TABLE sales.orders RENAME TO purchases');
      expect(await map.crawl()).toMatchObject({ added: 0, changed: 1, removed: 0, unchanged: 1 });
      expect(await tableNamed(map, 'purchases')).toMatchObject({ id, description: 'Ours', version: 2 });

      await source.client.query('ALTER SCHEMA sales RENAME TO trade');
      expect(await map.crawl()).toMatchObject({ added: 0, removed: 0, held: 0 });
      const renamed = await tableNamed(map, 'purchases');
      expect(renamed).toMatchObject({ id, schema: 'trade', description: 'Ours' });
      expect(renamed.guid).not.toBe(guid);
      expect(await schemaId('trade')).toBe(sales);
      expect(await schemaId('sales')).toBeUndefined();
      const versions = await map.rows<{ guid: string }>(
        `SELECT guid FROM entity_version WHERE entity_id = ? ORDER BY version`,
        [id],
      );
      expect(versions[0]).toEqual({ guid });
      // A new table of the old name is another entity.
      await source.client.query('CREATE SCHEMA sales; CREATE TABLE sales.orders (id integer)');
      expect(await map.crawl()).toMatchObject({ added: 1 });
      expect((await tableNamed(map, 'orders')).id).not.toBe(id);
      const [remembered] = await map.rows<{ server: string; number: string; position: string | null }>(
        `SELECT server_identity AS server, database_identity AS number, history_position::text AS position
           FROM collected_database WHERE id = ?`,
        [map.collectedDatabaseId],
      );
      const { rows } = await source.client.query(
        `SELECT 'system:' || system_identifier AS server,
                (SELECT oid::text FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AS number
           FROM pg_catalog.pg_control_system()`,
      );
      expect(remembered).toMatchObject(rows[0]);
      expect(remembered?.position).toMatch(/^\d+$/);
    } finally {
      await source.drop();
    }
  });

  test('holds what another account, an empty database or a new one of the name does not show', async () => {
    const source = await createSource(url);
    try {
      await source.client.query('CREATE TABLE public.a (id integer); CREATE TABLE public.b (id integer)');
      const { map, as } = await mapOf(source);
      await map.crawl();
      as.user = await source.role();
      await source.client.query('DROP TABLE public.a');
      expect(await map.crawl()).toMatchObject({ removed: 0, held: 1 });
      expect(await holdsOf(map)).toEqual([{ code: 'ACCOUNT_CHANGED', tables: 1 }]);

      const other = await mapOf(source);
      await other.map.crawl();
      await source.client.query('DROP TABLE public.b');
      expect(await other.map.crawl()).toMatchObject({ removed: 0, held: 1 });
      expect(await holdsOf(other.map)).toEqual([{ code: 'EMPTY_LISTING', tables: 1 }]);
    } finally {
      await source.drop();
    }
  });

  test('holds what a database that was made anew under its name does not have', async () => {
    const database = await emptyDatabase(url);
    try {
      await on(database.url, 'CREATE TABLE public.kept (id integer); CREATE TABLE public.lost (id integer)');
      const { map } = await mapOf(database);
      await map.crawl();
      const { id } = await tableNamed(map, 'kept');
      await database.drop();
      await on(url, `CREATE DATABASE ${database.name}`);
      await on(database.url, 'CREATE TABLE public.kept (id integer)');
      expect(await map.crawl()).toMatchObject({ added: 0, removed: 0, held: 1 });
      expect(await holdsOf(map)).toEqual([{ code: 'DATABASE_CHANGED', tables: 1 }]);
      expect((await tableNamed(map, 'kept')).id).toBe(id);
      expect((await tableNamed(map, 'lost')).living).toBe(true);
    } finally {
      await database.drop();
    }
  });
});
