import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deleteEntities } from '../../catalog/retire/delete-entities.js';
import { withClient } from '../../db/database.js';
import { query } from '../../db/query.js';
import { nodesOfEntities } from '../../lineage/store/nodes.js';
import { type FoundEdge, replaceEdges } from '../../lineage/store/record-edges.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

let entities = 0;
/** A process between nodes of its own, and what is stored of it. */
const process = async () => {
  const { database } = catalog;
  const ids = [1, 2, 3].map(() => String(++entities));
  const byEntity = await nodesOfEntities(database, ids);
  const [a = '', b = '', c = ''] = ids.map((id) => byEntity.get(id) ?? '');
  const [row] = await query<{ id: string }>(
    database,
    `INSERT INTO lineage_process (kind, key, state) VALUES ('query', ?, 'parsed') RETURNING id`,
    [randomUUID()],
  );
  const processId = row?.id ?? '';
  const edge = (upstream: string, downstream: string, column = 'id'): FoundEdge => ({
    processId,
    upstream,
    downstream,
    direct: true,
    columns: [{ upstream: column, downstream: column, transformation: 'direct' }],
  });
  const open = async () =>
    (
      await query<{ line: string }>(
        database,
        `SELECT e.upstream || '>' || e.downstream || ' ' || string_agg(c.upstream_column, ',' ORDER BY 1) AS line
         FROM lineage_edge e
         JOIN lineage_column_edge c ON c.edge_id = e.id
         WHERE e.process_id = ? AND e.valid_to IS NULL
         GROUP BY e.id
         ORDER BY 1`,
        [processId],
      )
    ).map(({ line }) => line);
  return { ids, a, b, c, processId, edge, open };
};

test('Search is told of what gets lineage and what loses it, and not of what keeps it', async () => {
  const { database } = catalog;
  const { ids, a, c, processId, edge } = await process();
  const told = async () =>
    (
      await query<{ id: string }>(
        database,
        'DELETE FROM search_outbox WHERE entity_id = ANY(?::bigint[]) RETURNING entity_id AS id',
        [ids],
      )
    )
      .map(({ id }) => id)
      .sort();
  await replaceEdges(database, [processId], [edge(a, c)]);
  expect(await told()).toEqual([ids[0], ids[2]].sort());
  await replaceEdges(database, [processId], [edge(a, c)]);
  expect(await told()).toEqual([]);
  await replaceEdges(database, [processId], []);
  expect(await told()).toEqual([ids[0], ids[2]].sort());
});

test('Edges are replaced by those found: the same stay, the changed and the gone end, the new begin', async () => {
  const { database } = catalog;
  const { a, b, c, processId, edge, open } = await process();
  expect(await replaceEdges(database, [processId], [edge(a, c), edge(b, c)])).toEqual({ begun: 2, ended: 0 });
  expect(await replaceEdges(database, [processId], [edge(b, c), edge(a, c)])).toEqual({ begun: 0, ended: 0 });
  expect(await replaceEdges(database, [processId], [edge(a, c, 'total')])).toEqual({ begun: 1, ended: 2 });
  expect(await open()).toEqual([`${a}>${c} total`]);
  expect(await replaceEdges(database, [processId], [])).toEqual({ begun: 0, ended: 1 });
  expect(await open()).toEqual([]);
});

test('Two writers of one process leave one set of edges', async () => {
  const { database } = catalog;
  const { a, c, processId, edge, open } = await process();
  await Promise.all([1, 2, 3].map(() => replaceEdges(database, [processId], [edge(a, c)])));
  expect(await open()).toEqual([`${a}>${c} id`]);
});

test('A node has no edge to itself', async () => {
  const { a, processId, edge } = await process();
  expect(await replaceEdges(catalog.database, [processId], [edge(a, a)])).toEqual({ begun: 0, ended: 0 });
});

test('What is deleted for good takes its edges with it', async () => {
  const { database } = catalog;
  const { ids, a, b, c, processId, edge, open } = await process();
  await replaceEdges(database, [processId], [edge(a, c), edge(b, c)]);
  await withClient(database, (client) => deleteEntities(client, null, [ids[0] ?? '']));
  expect(await open()).toEqual([`${b}>${c} id`]);
});
