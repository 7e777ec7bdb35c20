import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { query } from '../../db/query.js';
import { countStatements } from '../../lineage/history/count-statements.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
  await query(
    catalog.database,
    `INSERT INTO resource_group (id, name) VALUES ('default', 'Default') ON CONFLICT DO NOTHING`,
  );
});
afterAll(() => catalog.drop());

/** A database on the map, and the history that its source keeps: text, calls and milliseconds by key. */
async function source() {
  const name = randomUUID();
  const [row] = await query<{ id: string }>(
    catalog.database,
    `WITH w AS (INSERT INTO workspace (name) VALUES (:name) RETURNING id),
          s AS (INSERT INTO data_source (workspace_id, name, type, instance, environment, config)
                SELECT id, 'it', 'postgresql', :name, 'production', '{}' FROM w RETURNING id, workspace_id),
          c AS (INSERT INTO crawler (workspace_id, data_source_id, resource_group_id, name)
                SELECT workspace_id, id, 'default', 'it' FROM s RETURNING id, workspace_id, data_source_id)
     INSERT INTO collected_database (crawler_id, data_source_id, workspace_id, source_type, instance, name)
     SELECT id, data_source_id, workspace_id, 'postgresql', :name, 'shop' FROM c RETURNING id`,
    { name },
  );
  const id = row?.id ?? '';
  const kept = new Map<string, { text: string | null; calls: number; role: string }>();
  const asked: number[] = [];
  const read = (signal = new AbortController().signal, afterSlices = Number.POSITIVE_INFINITY) =>
    countStatements(
      catalog.database,
      id,
      {
        statements: [...kept].map(([key, { calls, role }]) => ({
          key,
          role,
          calls,
          totalTime: calls * 2,
          path: ['public'],
        })),
        texts: async (keys) => {
          if (asked.length >= afterSlices) throw new Error('the source went away');
          asked.push(keys.length);
          return new Map(keys.map((key) => [key, { text: kept.get(key)?.text ?? null, bytes: 1 }]));
        },
      },
      signal,
    );
  const counted = async () =>
    (
      await query<{ line: string }>(
        catalog.database,
        `SELECT s.text || ' x' || s.calls || ' in ' || s.total_time || ' ms by '
                || string_agg(u.role || ' x' || u.calls, ', ' ORDER BY u.role) AS line
         FROM query_statement s
         JOIN query_use u ON u.statement_id = s.id
         WHERE s.collected_database_id = ?
         GROUP BY s.id
         ORDER BY s.text`,
        [id],
      )
    ).map(({ line }) => line);
  return { id, kept, asked, read, counted };
}

describe('The statements of a history', () => {
  test('count what ran since the reading before, by who ran it; what began anew counts from nothing', async () => {
    const { kept, asked, read, counted } = await source();
    kept.set('1:a', { text: 'SELECT a FROM t WHERE b = $1', calls: 5, role: 'ada' });
    kept.set('1:b', { text: 'select  a from t where b = $1', calls: 2, role: 'bob' });
    expect(await read()).toMatchObject({ ran: 2 });
    expect(await counted()).toEqual(['SELECT a FROM t WHERE b = $1 x7 in 14 ms by ada x5, bob x2']);

    expect(await read()).toMatchObject({ ran: 0 });
    expect(asked).toEqual([2]);
    kept.set('1:a', { text: 'SELECT a FROM t WHERE b = $1', calls: 6, role: 'ada' });
    kept.set('1:b', { text: 'SELECT a FROM t WHERE b = $1', calls: 1, role: 'bob' });
    expect(await read()).toMatchObject({ ran: 2 });
    expect(await counted()).toEqual(['SELECT a FROM t WHERE b = $1 x9 in 18 ms by ada x6, bob x3']);

    const before = kept.get('1:a');
    kept.delete('1:a');
    await read();
    kept.set('1:a', before ?? { text: null, calls: 0, role: '' });
    await read();
    expect(await counted()).toEqual(['SELECT a FROM t WHERE b = $1 x15 in 30 ms by ada x12, bob x3']);
  });

  test('are counted once, although a reading was broken off in the middle', async () => {
    const { kept, read, counted, asked } = await source();
    for (let place = 0; place < 450; place += 1)
      kept.set(String(place), { text: `SELECT a FROM t_${place}`, calls: 1, role: 'ada' });
    await expect(read(undefined, 1)).rejects.toThrow('the source went away');
    expect(await counted()).toHaveLength(200);
    expect(await read()).toMatchObject({ ran: 250 });
    expect(asked).toEqual([200, 200, 50]);
    const all = await counted();
    expect(all).toHaveLength(450);
    expect(all.every((line) => line.includes(' x1 in '))).toBe(true);
  });

  test('are kept without what they read where nobody can tell, and told; what has no text or end is told alone', async () => {
    const { id, kept, read, counted } = await source();
    kept.set('1', { text: "SELECT TOP 5 'secret' FROM t", calls: 1, role: 'ada' });
    kept.set('2', { text: null, calls: 1, role: 'ada' });
    kept.set('3', { text: "SELECT a FROM t WHERE b = 'cut o", calls: 1, role: 'ada' });
    expect(await read()).toEqual({
      ran: 3,
      without: 1,
      unreadable: 1,
      unparsed: 1,
      example: 'SELECT TOP $1 $2 FROM t',
    });
    expect(await counted()).toEqual(['SELECT TOP $1 $2 FROM t x1 in 2 ms by ada x1']);
    const [row] = await query(
      catalog.database,
      'SELECT state, reason IS NOT NULL AS told FROM query_statement WHERE collected_database_id = ?',
      [id],
    );
    expect(row).toEqual({ state: 'unparsed', told: true });
  });

  test('are not those that ask a server only about itself, or that are no queries', async () => {
    const { kept, read, counted } = await source();
    const texts = [
      'SELECT * FROM pg_catalog.pg_class',
      'SELECT now()',
      'BEGIN',
      'SET search_path = $1',
      'DROP TABLE t',
    ];
    for (const text of texts) kept.set(text, { text, calls: 1, role: 'ada' });
    expect(await read()).toMatchObject({ ran: 5, unparsed: 0 });
    expect(await counted()).toEqual([]);
  });
});
