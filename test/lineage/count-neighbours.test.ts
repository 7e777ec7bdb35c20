import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import knexFactory from 'knex';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deleteEntities } from '../../catalog/retire/delete-entities.js';
import { type Database, withClient } from '../../db/database.js';
import { query } from '../../db/query.js';
import { type Degrees, degreesOf, type View } from '../../lineage/read/neighbours.js';
import { countNeighbours } from '../../lineage/store/count-neighbours.js';
import { nodesOfEntities, nodesOfExternals } from '../../lineage/store/nodes.js';
import { replaceEdges } from '../../lineage/store/record-edges.js';
import { crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

let database: Database;
let drop: () => Promise<void>;
/** Databases of the map; the last may be hidden. */
let databases: string[];
beforeAll(async () => {
  ({ database, drop } = await testDatabase());
  databases = [];
  for (const name of ['shop', 'bank', 'secret'])
    databases.push((await crawledCatalog(database, new SyntheticSource(1, 1), name)).collectedDatabaseId);
});
afterAll(() => drop());

const rows = <Row>(sql: string, bindings: Parameters<typeof query>[2] = []) => query<Row>(database, sql, bindings);

const ENTITIES = 8;
/** Nodes by number: of entities, of two names outside of the map, and of such names of each of two workspaces. */
const NODES = ENTITIES + 6;
const PROCESSES = 4;

/** An empty graph of nodes and processes that none was before. */
async function emptyGraph() {
  await rows('TRUNCATE lineage_process, lineage_node CASCADE');
  await rows(`UPDATE collected_database SET visibility = CASE WHEN name = 'secret' THEN 'workspace' ELSE 'tenant' END`);
  const unique = randomUUID();
  const entities = (
    await rows<{ id: string }>(
      `INSERT INTO entity (guid, kind, type, collected_database_id, name, hash, changed_run_id)
       SELECT :unique || i, 'table', 'TABLE', (CAST(:databases AS bigint[]))[1 + i % 3], 't' || i, '\\x00', gen_random_uuid()
         FROM generate_series(1, ${ENTITIES}) i
       RETURNING id`,
      { unique, databases },
    )
  ).map(({ id }) => id);
  const workspaces = (
    await rows<{ id: string }>(`INSERT INTO workspace (name) VALUES (:unique || 'a'), (:unique || 'b') RETURNING id`, {
      unique,
    })
  ).map(({ id }) => id);
  await rows(
    `INSERT INTO lineage_node (namespace, name, workspace_id)
     SELECT 's3://lake', 'f' || i, w FROM unnest(CAST(? AS uuid[])) w CROSS JOIN generate_series(1, 2) i`,
    [workspaces],
  );
  const processes = (
    await rows<{ id: string }>(
      `INSERT INTO lineage_process (kind, key, state)
       SELECT 'query', 'p' || i, 'parsed' FROM generate_series(1, ${PROCESSES}) i RETURNING id`,
    )
  ).map(({ id }) => id);
  const outside = ['f1', 'f2'].map((name) => ({ namespace: 's3://lake', name }));
  /** Of numbers; nodes that were deleted are made again, but for those of a workspace that is gone. */
  const nodes = async () => {
    const ofEntities = await nodesOfEntities(database, entities);
    const known = [
      ...entities.map((id) => ofEntities.get(id)),
      ...(await nodesOfExternals(database, outside)).values(),
    ];
    const ofWorkspaces = await rows<{ id: string }>(
      'SELECT id FROM lineage_node WHERE workspace_id IS NOT NULL ORDER BY workspace_id, name',
    );
    return [...known, ...ofWorkspaces.map(({ id }) => id)];
  };
  return { entities, workspaces, processes, nodes };
}
type Graph = Awaited<ReturnType<typeof emptyGraph>>;

type Operation =
  | { does: 'replace' | 'roll back'; process: number; edges: [number, number][]; column: string }
  | { does: 'write beside each other'; edges: [number, number][] }
  | { does: 'insert'; process: number; edge: [number, number] }
  | { does: 'end' | 'begin again' | 'see again' | 'delete process'; process: number }
  | { does: 'delete entity'; entity: number }
  | { does: 'delete workspace' | 'hide' | 'count' | 'empty' };

const place = fc.nat({ max: NODES - 1 });
const pair = fc.tuple(place, place);
const process = fc.nat({ max: PROCESSES - 1 });
const pairs = fc.array(pair, { maxLength: 12 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constantFrom('replace' as const, 'replace' as const, 'roll back' as const),
      process,
      edges: pairs,
      column: fc.constantFrom('a', 'b'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('write beside each other' as const), edges: pairs }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('insert' as const), process, edge: pair }) },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constantFrom('end' as const, 'begin again' as const, 'see again' as const, 'delete process' as const),
      process,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('delete entity' as const), entity: fc.nat({ max: ENTITIES - 1 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constantFrom(
        'count' as const,
        'count' as const,
        'hide' as const,
        'delete workspace' as const,
        'empty' as const,
      ),
    }),
  },
);

class Undone extends Error {}

async function perform(graph: Graph, one: Operation): Promise<void> {
  const nodes = await graph.nodes();
  const found = (processId: string, edges: readonly [number, number][], column = 'a') =>
    edges.flatMap(([from, to]) => {
      const [upstream, downstream] = [nodes[from], nodes[to]];
      if (upstream === undefined || downstream === undefined) return [];
      return [
        {
          processId,
          upstream,
          downstream,
          direct: true,
          columns: [{ upstream: column, downstream: column, transformation: 'direct' }],
        },
      ];
    });
  const processId = 'process' in one ? await processOf(graph, one.process) : '';
  switch (one.does) {
    case 'replace':
      await replaceEdges(database, [processId], found(processId, one.edges, one.column));
      return;
    case 'roll back':
      await database
        .transaction(async (transaction) => {
          await replaceEdges(transaction, [processId], found(processId, one.edges, one.column));
          throw new Undone();
        })
        .catch((error: unknown) => {
          if (!(error instanceof Undone)) throw error;
        });
      return;
    case 'write beside each other': {
      const ids = await Promise.all(graph.processes.map((_, number) => processOf(graph, number)));
      await Promise.all([
        ...ids.map((id) => replaceEdges(database, [id], found(id, one.edges))),
        countNeighbours(database),
        countNeighbours(database),
      ]);
      return;
    }
    case 'insert': {
      const [edge] = found(processId, [one.edge]);
      if (edge === undefined) return;
      // As by a writer that knows nothing of databases and workspaces.
      await rows(
        `INSERT INTO lineage_edge (upstream, downstream, process_id, direct, digest) VALUES (?, ?, ?, true, '\\x00')
         ON CONFLICT DO NOTHING`,
        [edge.upstream, edge.downstream, processId],
      );
      return;
    }
    case 'end':
      await rows('UPDATE lineage_edge SET valid_to = now() WHERE process_id = ? AND valid_to IS NULL', [processId]);
      return;
    case 'begin again':
      await rows(
        `UPDATE lineage_edge SET valid_to = NULL
          WHERE id IN (SELECT min(l.id) FROM lineage_edge l WHERE l.process_id = :processId
                       GROUP BY l.upstream, l.downstream HAVING bool_and(l.valid_to IS NOT NULL))`,
        { processId },
      );
      return;
    case 'see again':
      await rows('UPDATE lineage_edge SET last_seen = now() WHERE process_id = ?', [processId]);
      return;
    case 'delete process':
      await rows('DELETE FROM lineage_process WHERE id = ?', [processId]);
      return;
    case 'delete entity':
      await withClient(database, (client) => deleteEntities(client, null, [graph.entities[one.entity] ?? '']));
      return;
    case 'delete workspace':
      await rows('DELETE FROM workspace WHERE id = ?', [graph.workspaces[0] ?? '']);
      return;
    case 'hide':
      await rows(
        `UPDATE collected_database SET visibility = CASE visibility WHEN 'tenant' THEN 'workspace' ELSE 'tenant' END
          WHERE name <> 'shop'`,
      );
      return;
    case 'count':
      await countNeighbours(database);
      return;
    case 'empty':
      await rows('TRUNCATE lineage_edge CASCADE');
  }
}

/** Processes that were deleted are made again. */
async function processOf(graph: Graph, number: number): Promise<string> {
  const [made] = await rows<{ id: string }>(
    `INSERT INTO lineage_process (kind, key, state) VALUES ('query', ?, 'parsed')
     ON CONFLICT (kind, key) DO UPDATE SET state = 'parsed'
     RETURNING id`,
    [`p${number + 1}`],
  );
  graph.processes[number] = made?.id ?? '';
  return made?.id ?? '';
}

const builder = knexFactory({ client: 'pg' });
const VIEWS: Record<string, (workspace: string) => { view: View; sees: (end: End) => boolean }> = {
  everybody: () => ({
    view: { visible: builder.raw(`d.visibility = 'tenant'`), outside: builder.raw('n.workspace_id IS NULL') },
    sees: (end) => (end.outside ? end.workspace === null : end.open),
  }),
  administrator: () => ({
    view: { visible: builder.raw('true'), outside: builder.raw('true') },
    sees: (end) => end.outside || end.database !== null,
  }),
  'one workspace': (workspace) => ({
    view: {
      visible: builder.raw(`d.name = 'secret'`),
      outside: builder.raw('n.workspace_id = ANY(?::uuid[])', [[workspace]]),
    },
    sees: (end) => (end.outside ? end.workspace === workspace : end.database === 'secret'),
  }),
};

interface End {
  node: string;
  /** Of no database of the map. */
  outside: boolean;
  workspace: string | null;
  database: string | null;
  open: boolean;
}

/** Degrees counted the long way: from the edges and what their ends are now. */
async function recounted(nodes: readonly string[], sees: (end: End) => boolean): Promise<Degrees[]> {
  const ends = new Map(
    (
      await rows<End>(
        `SELECT n.id AS node, e.collected_database_id IS NULL AS outside, n.workspace_id AS workspace, d.name AS database,
                coalesce(d.visibility = 'tenant', false) AS open
           FROM lineage_node n
           LEFT JOIN entity e ON e.id = n.entity_id
           LEFT JOIN collected_database d ON d.id = e.collected_database_id`,
      )
    ).map((end) => [end.node, end]),
  );
  const edges = await rows<{ upstream: string; downstream: string }>(
    'SELECT upstream, downstream FROM lineage_edge WHERE valid_to IS NULL',
  );
  return nodes.map((node) => {
    const far = (mine: 'upstream' | 'downstream', other: 'upstream' | 'downstream') =>
      [...new Set(edges.filter((edge) => edge[mine] === node).map((edge) => edge[other]))].map((id) => {
        const end = ends.get(id);
        return end !== undefined && sees(end);
      });
    const [up, down] = [far('downstream', 'upstream'), far('upstream', 'downstream')];
    return {
      node,
      upstream: up.filter(Boolean).length,
      downstream: down.filter(Boolean).length,
      restrictedUpstream: up.includes(false),
      restrictedDownstream: down.includes(false),
    };
  });
}

async function expectExact(graph: Graph): Promise<void> {
  const nodes = (await graph.nodes()).filter((node) => node !== undefined);
  for (const [who, make] of Object.entries(VIEWS)) {
    const { view, sees } = make(graph.workspaces[1] ?? '');
    expect(await degreesOf(database, nodes, view), `as ${who} sees it`).toEqual(await recounted(nodes, sees));
  }
}

test('After any series of changes everybody is told exactly as many neighbours as there are to be seen, counted or not yet', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 8, maxLength: 24 }), async (operations) => {
      const graph = await emptyGraph();
      for (const one of operations) {
        await perform(graph, one);
        await expectExact(graph);
      }
      await countNeighbours(database);
      expect(await rows('SELECT * FROM lineage_degree_change')).toEqual([]);
      await expectExact(graph);
    }),
    { numRuns: 8 },
  );
}, 120_000);

test('Neighbours of a date are those of then, also of what was never counted', async () => {
  const graph = await emptyGraph();
  const replace = (edges: [number, number][]) => perform(graph, { does: 'replace', process: 0, edges, column: 'a' });
  await replace([
    [0, 3],
    [1, 3],
    [8, 3],
  ]);
  const [node = ''] = (await graph.nodes()).slice(3, 4);
  const view = { visible: builder.raw('true'), outside: builder.raw('true') };
  const [then] = await rows<{ at: Date }>('SELECT clock_timestamp() AS at');
  await replace([[0, 3]]);
  expect(await degreesOf(database, [node], view)).toMatchObject([{ upstream: 1 }]);
  expect(await degreesOf(database, [node], { ...view, asOf: then?.at })).toMatchObject([{ upstream: 3 }]);
});

test('The migration counts the edges that there are as they are counted when they are written', async () => {
  const graph = await emptyGraph();
  const edges = Array.from({ length: 60 }, (_, i): [number, number] => [i % NODES, (i * 5 + 3) % NODES]);
  await perform(graph, { does: 'replace', process: 0, edges, column: 'a' });
  await perform(graph, { does: 'replace', process: 1, edges: edges.slice(20), column: 'a' });
  await perform(graph, { does: 'replace', process: 0, edges: edges.slice(0, 40), column: 'b' });
  await countNeighbours(database);
  const counts = () =>
    rows('SELECT * FROM lineage_degree ORDER BY node, downstream, database_id, workspace_id, neighbours');
  const before = await counts();
  expect(before).not.toEqual([]);
  await database.migrate.down({ name: '0029-lineage-degrees' });
  await database.migrate.up({ name: '0029-lineage-degrees' });
  expect(await counts()).toEqual(before);
});
