import knexFactory from 'knex';
import { afterAll, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { listImpact } from '../../lineage/read/impact.js';
import { nodesOfEntities } from '../../lineage/store/nodes.js';
import { replaceEdges } from '../../lineage/store/record-edges.js';
import { crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

const builder = knexFactory({ client: 'pg' });
const view = { visible: builder.raw(`d.visibility = 'tenant'`), outside: builder.raw('n.workspace_id IS NULL') };

let database: Database;
const drops: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(drops.map((drop) => drop())));

/** Tables by number: 0 goes into 1 to 4, and each of these into the one ten times as large; the even ones may be hidden. */
let ids: string[];
let processId: string;
let edges: [number, number][];
beforeEach(async () => {
  const made = await testDatabase();
  drops.push(made.drop);
  ({ database } = made);
  const one = await crawledCatalog(database, new SyntheticSource(1, 1));
  const other = await crawledCatalog(database, new SyntheticSource(1, 1), 'other');
  await query(database, `UPDATE collected_database SET visibility = 'tenant'`);
  const entities = await query<{ id: string }>(
    database,
    `INSERT INTO entity (guid, kind, type, collected_database_id, name, hash, changed_run_id)
     SELECT 'impact:' || i, 'table', 'TABLE', CASE WHEN i % 2 = 0 THEN CAST(? AS bigint) ELSE ? END, 't' || i, '\\x00',
            gen_random_uuid()
       FROM generate_series(0, 50) i
      ORDER BY i
     RETURNING id`,
    [other.collectedDatabaseId, one.collectedDatabaseId],
  );
  ids = entities.map(({ id }) => id).sort((a, b) => Number(a) - Number(b));
  const [process] = await query<{ id: string }>(
    database,
    `INSERT INTO lineage_process (kind, key, state) VALUES ('query', 'a', 'parsed') RETURNING id`,
  );
  processId = process?.id ?? '';
  edges = [1, 2, 3, 4].flatMap((number): [number, number][] => [
    [0, number],
    [number, number * 10 + 1],
  ]);
  await write();
});

async function write(): Promise<void> {
  const nodes = await nodesOfEntities(database, ids);
  const node = (number: number) => nodes.get(ids[number] ?? '') ?? '';
  await replaceEdges(
    database,
    [processId],
    edges.map(([from, to]) => ({ processId, upstream: node(from), downstream: node(to), direct: true, columns: [] })),
  );
}

async function page(cursor?: string, limit = 3) {
  const { items, ...rest } = await listImpact(database, ids[0] ?? '', { cursor, limit }, view);
  return { tables: items.map(({ entity }) => ids.indexOf(entity?.id ?? '')), ...rest };
}

test('Pages follow one another without gap or repetition, the nearest first', async () => {
  for (const limit of [1, 3, 4, 8, 100]) {
    const all: number[] = [];
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const { tables, nextCursor, total } = await page(cursor, limit);
      expect(total).toBe(8);
      all.push(...tables);
      cursor = nextCursor;
    }
    expect(all).toEqual([1, 2, 3, 4, 11, 21, 31, 41]);
  }
});

test('A next page goes on in the list that the first page began, and the next first page begins a new one', async () => {
  const { tables, nextCursor } = await page();
  expect(tables).toEqual([1, 2, 3]);
  edges = [...edges.filter(([, to]) => to !== 4), [1, 12]];
  await write();
  expect(await page(nextCursor)).toMatchObject({ tables: [4, 11, 21], total: 8 });
  expect(await page(undefined, 100)).toMatchObject({ tables: [1, 2, 3, 11, 12, 21, 31], total: 7 });
});

test('A next page shows nothing of a database that was hidden since, nor what is reached through it', async () => {
  const { nextCursor } = await page();
  await query(database, `UPDATE collected_database SET visibility = 'workspace' WHERE name = 'other'`);
  expect(await page(nextCursor, 100)).toMatchObject({ tables: [11, 31], total: 4 });
});
