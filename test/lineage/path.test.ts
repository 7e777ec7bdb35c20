import knexFactory from 'knex';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { shortestPath } from '../../lineage/read/reach.js';
import { testDatabase } from '../servers/test-database.js';

const builder = knexFactory({ client: 'pg' });
const view = { visible: builder.raw('true'), outside: builder.raw('n.workspace_id IS NULL') };
const LAYERS = 6;
const WIDTH = 4_000;

let database: Database;
let drop: () => Promise<void>;
/** Nodes by number. */
let nodes: string[];

/**
 * Node 0 feeds a layer of 4,000 nodes, each of these one of the next, through six layers, and these feed the last node: from
 * either end there are more to go on from than a quick search does.
 */
beforeAll(async () => {
  ({ database, drop } = await testDatabase());
  const made = await query<{ id: string }>(
    database,
    `INSERT INTO lineage_node (namespace, name)
     SELECT 'far', i::text FROM generate_series(0, CAST(? AS integer)) i ORDER BY i
     RETURNING id`,
    [LAYERS * WIDTH + 1],
  );
  nodes = made.map(({ id }) => id).sort((a, b) => Number(a) - Number(b));
  await query(
    database,
    `WITH process AS (
       INSERT INTO lineage_process (kind, key, state) VALUES ('query', 'a', 'parsed') RETURNING id
     ), number AS (
       SELECT CAST(:first AS bigint) AS first, CAST(:width AS integer) AS width, CAST(:layers AS integer) AS layers
     )
     INSERT INTO lineage_edge (upstream, downstream, process_id, direct, digest)
     SELECT first + greatest(i - width, 0), first + least(i, layers * width + 1), process.id, true, '\\x00'
     FROM process, number, generate_series(1, (layers + 1) * width) i`,
    { first: nodes[0] ?? '', width: WIDTH, layers: LAYERS },
  );
});
afterAll(() => drop());

const end = LAYERS * WIDTH + 1;
const path = (from: number, to: number, thorough: boolean) =>
  shortestPath(database, nodes[from] ?? '', nodes[to] ?? '', { ...view, thorough });

test('A search that goes far says that it did not come to its end, and a thorough one finds the way', async () => {
  expect(await path(0, end, false)).toEqual({ way: undefined, truncated: true });
  const { way, truncated } = await path(0, end, true);
  expect(truncated).toBe(false);
  expect(way?.map((node) => nodes.indexOf(node))).toEqual([
    0,
    ...Array.from({ length: LAYERS }, (_, layer) => layer * WIDTH + 1),
    end,
  ]);
});

test('Where there is no way a search ends for certain as soon as one of the ends leads no further', async () => {
  expect(await path(end, 0, false)).toEqual({ way: undefined, truncated: false });
  expect(await path(1, 2, false)).toEqual({ way: undefined, truncated: false });
});

test('A way is as short as there is one, whichever end has more to go on from', async () => {
  expect((await path(0, WIDTH + 1, false)).way).toEqual([0, 1, WIDTH + 1].map((number) => nodes[number]));
  expect((await path(5 * WIDTH + 7, end, false)).way).toEqual([5 * WIDTH + 7, end].map((number) => nodes[number]));
  expect((await path(3, 3, false)).way).toEqual([nodes[3]]);
});
