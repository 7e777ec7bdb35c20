import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

test('every migration goes down and up again', async () => {
  const { database } = catalog;
  const tables = async () =>
    (
      await database.raw<{ rows: { n: string }[] }>(
        `SELECT count(*) AS n FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'schema_migration%'`,
      )
    ).rows[0]?.n;
  const before = await tables();
  await database.migrate.rollback(undefined, true);
  expect(await tables()).toBe('0');
  await database.migrate.latest();
  expect(await tables()).toBe(before);
});
