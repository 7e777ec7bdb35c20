import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSource, type Source, servers } from './source.js';

describe.each(servers)('The query history of $name', ({ url }) => {
  let source: Source;
  beforeAll(async () => {
    source = await createSource(url);
  });
  afterAll(() => source.drop());

  const history = async (user?: string) => {
    const reader = await source.open(user === undefined ? {} : { user });
    if (reader.history === undefined) throw new Error('The reader tells no history');
    return reader.history();
  };

  test('of a database without the extension says what is missing', async () => {
    const { statements, lacking } = await history();
    expect(statements).toEqual([]);
    expect(lacking).toMatchObject({
      code: 'HISTORY_NOT_KEPT',
      remedy: expect.stringContaining('CREATE EXTENSION pg_stat_statements'),
    });
  });

  test('tells who ran what how often, and where that role looks for names', async () => {
    const role = await source.role('SUPERUSER');
    await source.client.query(`
      CREATE SCHEMA stats; CREATE EXTENSION pg_stat_statements SCHEMA stats; GRANT USAGE ON SCHEMA stats TO PUBLIC;
      CREATE SCHEMA sales; CREATE TABLE sales.orders (id int, amount int);
      ALTER ROLE ${role} IN DATABASE ${source.name} SET search_path = sales, nowhere, public`);
    await source.client.query(`SET ROLE ${role}`);
    for (const amount of [1, 2, 3]) await source.client.query(`SELECT id FROM sales.orders WHERE amount > ${amount}`);
    await source.client.query('RESET ROLE');

    const { statements, lacking, texts } = await history();
    expect(lacking).toBeUndefined();
    const found = await texts(
      statements.map(({ key }) => key),
      1_000,
    );
    const orders = statements.filter(({ key }) => found.get(key)?.text?.includes('FROM sales.orders'));
    expect(orders).toMatchObject([{ role, calls: 3, path: ['sales', 'public'] }]);
    expect(orders[0]?.totalTime).toBeGreaterThan(0);
    expect(found.get(orders[0]?.key ?? '')?.text).toBe('SELECT id FROM sales.orders WHERE amount > $1');
    expect((await texts([orders[0]?.key ?? ''], 10)).get(orders[0]?.key ?? '')).toEqual({ text: null, bytes: 45 });
  });

  test('is as far as the account may see it, and says which grant shows the rest', async () => {
    const role = await source.role();
    const own = await history(role);
    expect(own.statements.filter((statement) => statement.role !== role)).toEqual([]);
    expect(own.lacking).toMatchObject({
      code: 'HISTORY_NOT_SHOWN',
      remedy: expect.stringContaining(`GRANT pg_read_all_stats TO "${role}"`),
    });

    await source.client.query(`GRANT pg_read_all_stats TO ${role}`);
    const all = await history(role);
    expect(all.lacking).toBeUndefined();
    expect(all.statements.some((statement) => statement.role !== role)).toBe(true);

    await source.client.query('REVOKE EXECUTE ON FUNCTION stats.pg_stat_statements(boolean) FROM PUBLIC');
    const none = await history(role);
    expect(none).toMatchObject({ statements: [], lacking: { code: 'HISTORY_NOT_SHOWN' } });
    expect(none.lacking?.remedy).toContain('GRANT EXECUTE ON FUNCTION "stats".pg_stat_statements(boolean)');
  });
});
