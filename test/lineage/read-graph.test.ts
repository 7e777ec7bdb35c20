import knexFactory from 'knex';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../db/database.js';
import { MOST_NODES, readGraph } from '../../lineage/read/graph.js';
import { nodesOfEntities } from '../../lineage/store/nodes.js';
import { replaceEdges } from '../../lineage/store/record-edges.js';
import { crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

const builder = knexFactory({ client: 'pg' });
const view = {
  visible: builder.raw(`d.visibility = 'tenant'`),
  outside: builder.raw('n.workspace_id IS NULL'),
  withColumns: false,
};
let database: Database;
let drop: () => Promise<void>;
/** Entities by number; every tenth is of a database that may not be seen. */
let ids: string[];
const hidden = (number: number) => number % 10 === 9;
/** Edges as numbers of their ends. */
const edges: [number, number][] = [];

beforeAll(async () => {
  ({ database, drop } = await testDatabase());
  const seen = await crawledCatalog(database, new SyntheticSource(1, 1));
  const secret = await crawledCatalog(database, new SyntheticSource(1, 1), 'secret');
  await seen.rows(`UPDATE collected_database SET visibility = CASE WHEN id = ? THEN 'workspace' ELSE 'tenant' END`, [
    secret.collectedDatabaseId,
  ]);
  const made = await seen.rows<{ id: string }>(
    `INSERT INTO entity (guid, kind, type, collected_database_id, name, hash, changed_run_id)
     SELECT 'graph:' || i, 'table', 'TABLE', CASE WHEN i % 10 = 9 THEN ?::bigint ELSE ?::bigint END, 't' || i, '\\x00',
            gen_random_uuid()
       FROM generate_series(0, 1999) i
      ORDER BY i
     RETURNING id`,
    [secret.collectedDatabaseId, seen.collectedDatabaseId],
  );
  ids = made.map(({ id }) => id).sort((a, b) => Number(a) - Number(b));
  // 0 is made of 1 to 8; 1 and 2 are hubs of 1,200 and 900, with 700 in common; the others have a few; 20 is made of 0: a cycle.
  for (let number = 1; number <= 8; number += 1) edges.push([number, 0]);
  for (let number = 20; number < 1_220; number += 1) edges.push([number, 1]);
  for (let number = 520; number < 1_420; number += 1) edges.push([number, 2]);
  for (let near = 3; near <= 8; near += 1)
    for (let number = 1_500; number < 1_520; number += 1) edges.push([number + near, near]);
  for (let number = 1_600; number < 1_700; number += 1) edges.push([0, number]);
  edges.push([0, 20]);
  // Among 1,700 to 1,719 ways of many lengths and back; 1,720 to 1,999 are layers of 70, of which each feeds all of the next.
  for (let number = 1_700; number < 1_720; number += 1)
    for (const stride of [1, 3, 7]) edges.push([number, 1_700 + ((number + stride) % 20)]);
  for (let from = 1_720; from < 1_930; from += 1)
    for (let to = 0; to < 70; to += 1) edges.push([from, 1_790 + 70 * Math.floor((from - 1_720) / 70) + to]);
  const nodes = await nodesOfEntities(database, ids);
  const [first, second] = await seen.rows<{ id: string }>(
    `INSERT INTO lineage_process (kind, key, state) VALUES ('query', 'a', 'parsed'), ('query', 'b', 'parsed') RETURNING id`,
  );
  const of = (processId = '', some: typeof edges) =>
    some.map(([from, to]) => ({
      processId,
      upstream: nodes.get(ids[from] ?? '') ?? '',
      downstream: nodes.get(ids[to] ?? '') ?? '',
      direct: true,
      columns: [],
    }));
  await replaceEdges(database, [first?.id ?? ''], of(first?.id, edges));
  // Some are moved by two processes: still one neighbour.
  await replaceEdges(database, [second?.id ?? ''], of(second?.id, edges.slice(0, 400)));
});
afterAll(() => drop());

const numberOf = (entity: string | undefined) => ids.indexOf(entity ?? '');

/** The answer's edges as numbers, and its cursors by the entity that they are asked at. */
async function read(entity: string, request: Parameters<typeof readGraph>[2]) {
  const graph = await readGraph(database, entity, request);
  const entities = new Map(graph.nodes.map(({ node, entity: of }) => [node, of?.id ?? '']));
  return {
    ...graph,
    drawn: graph.edges.map(
      ({ upstream, downstream }) => `${numberOf(entities.get(upstream))}>${numberOf(entities.get(downstream))}`,
    ),
    next: graph.nodes.flatMap(({ entity: of, nextUpstream, nextDownstream }) =>
      [nextUpstream, nextDownstream].flatMap((cursor) => (cursor === undefined ? [] : [{ id: of?.id ?? '', cursor }])),
    ),
  };
}

test.each([40, 5_000])(
  'Every neighbour is read in the end, also of an answer that was cut: %i of each',
  async (limit) => {
    const whole = await read(ids[0] ?? '', { ...view, direction: 'both', depth: 2, limit });
    expect(whole.truncated).toBe(limit > MOST_NODES);
    expect(whole.nodes.length).toBeLessThanOrEqual(MOST_NODES);
    const drawn = new Set(whole.drawn);
    const left = [...whole.next];
    for (let at = left.pop(); at !== undefined; at = left.pop()) {
      const { id, cursor } = at;
      const page = await read(id, { ...view, direction: 'both', depth: 1, limit, cursor });
      for (const edge of page.drawn) drawn.add(edge);
      // Of the others of this page nothing was to be read.
      left.push(...page.next.filter((one) => one.id === id));
    }
    const expected = edges.filter(([from, to]) => to <= 8 || from === 0).filter((ends) => !ends.some(hidden));
    expect([...drawn].filter((edge) => expected.some(([from, to]) => edge === `${from}>${to}`))).toHaveLength(
      expected.length,
    );
  },
);

test('Counts are exact on both sides, of what may be seen, and tell that there is more', async () => {
  const { nodes } = await read(ids[0] ?? '', { ...view, direction: 'up', depth: 1, limit: 10 });
  const of = (number: number) => nodes.find(({ entity }) => numberOf(entity?.id) === number);
  const count = (number: number, side: 'up' | 'down') =>
    edges.filter((ends) => !ends.some(hidden)).filter(([from, to]) => (side === 'up' ? to === number : from === number))
      .length;
  for (let number = 0; number <= 8; number += 1)
    expect(of(number), `of ${number}`).toMatchObject({
      upstream: count(number, 'up'),
      downstream: count(number, 'down'),
    });
  expect(of(1)).toMatchObject({ restrictedUpstream: true, restrictedDownstream: false });
  expect(of(0)).toMatchObject({ restrictedUpstream: false, restrictedDownstream: true });
});

/** By number, how far each is that may be seen; a breadth-first walk over what was written. */
function distancesFrom(start: number, depth: number, limit: number): Map<number, number> {
  const distances = new Map([[start, 0]]);
  let frontier = [start];
  for (let step = 1; step <= depth; step += 1) {
    const found = frontier.flatMap((near) =>
      edges
        .filter(([from, to]) => from === near && !hidden(to))
        .map(([, to]) => to)
        .sort((a, b) => a - b)
        .slice(0, limit),
    );
    frontier = [...new Set(found)].filter((number) => !distances.has(number));
    for (const number of frontier) distances.set(number, step);
  }
  return distances;
}

test.each([
  ['in a cycle with ways of many lengths', 1_700, 6, 50],
  ['in a cycle, of which only two neighbours each are read', 1_700, 6, 2],
  ['in layers that have more ways than nodes', 1_720, 3, 70],
])('Each node that is reached is told once, at its distance: %s', async (_, start, depth, limit) => {
  const { nodes, drawn, truncated } = await read(ids[start] ?? '', { ...view, direction: 'down', depth, limit });
  const told = nodes.map(({ entity, distance }) => [numberOf(entity?.id), distance] as const);
  const byNumber = (a: readonly [number, number], b: readonly [number, number]) => a[0] - b[0];
  const expected = distancesFrom(start, depth, limit);
  expect([...told].sort(byNumber)).toEqual([...expected].sort(byNumber));
  expect(truncated).toBe(false);
  // Every edge is drawn that leaves a node which was gone on from, as far as its neighbours were read.
  const left = [...expected].filter(([, distance]) => distance < depth).map(([number]) => number);
  const ways = left.flatMap((number) => [...distancesFrom(number, 1, limit).keys()].slice(1));
  expect(drawn).toHaveLength(ways.length);
});
