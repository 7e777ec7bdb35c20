import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepared, query } from '../../db/query.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

test('a statement that is asked often is planned once on a connection, and each condition in it is one of its own', async () => {
  const { database } = catalog;
  await database.transaction(async (connection) => {
    const ask = async (word: string, condition: string, bound: string[]) => {
      const [row] = await prepared<{ word: string; fits: boolean }>(
        connection,
        'SELECT :word::text AS word, (:condition) AS fits',
        { word, condition: database.raw(condition, bound) },
      );
      return row;
    };
    expect(await ask('one', '? = ?::text', ['a', 'a'])).toEqual({ word: 'one', fits: true });
    expect(await ask('two', '? = ?::text', ['a', 'b'])).toEqual({ word: 'two', fits: false });
    expect(await ask('three', 'false', [])).toEqual({ word: 'three', fits: false });
    const [kept] = await query<{ statements: number; used: number }>(
      connection,
      `SELECT count(*)::int AS statements, sum(custom_plans + generic_plans)::int AS used
         FROM pg_prepared_statements
        WHERE statement LIKE '%AS fits'`,
    );
    expect(kept).toEqual({ statements: 2, used: 3 });
  });
});
