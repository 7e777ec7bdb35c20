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

const orphans = async () =>
  query<{ id: string }>(
    catalog.database,
    `SELECT l.id FROM lineage_edge l
     WHERE NOT EXISTS (SELECT FROM lineage_node n WHERE n.id = l.upstream)
        OR NOT EXISTS (SELECT FROM lineage_node n WHERE n.id = l.downstream)
        OR NOT EXISTS (SELECT FROM lineage_process p WHERE p.id = l.process_id)`,
  );

/** Until some session of this database waits for what another has locked. */
const someoneWaits = () =>
  expect
    .poll(() =>
      query(
        catalog.database,
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      ),
    )
    .not.toEqual([]);

test.each(['node', 'process'])('What writes edges while their %s is being purged leaves none behind', async (what) => {
  const { database } = catalog;
  const { ids, a, c, processId } = await process();
  const kept = await process();
  const written = await database.transaction(async (purge) => {
    if (what === 'node') await purge.raw('DELETE FROM lineage_node WHERE entity_id = ?', [ids[0] ?? '']);
    else await purge.raw('DELETE FROM lineage_process WHERE id = ?', [processId]);
    const writing = query(
      database,
      `INSERT INTO lineage_edge (upstream, downstream, process_id, direct, digest)
       VALUES (:a, :c, :processId, true, '\\x00'), (:keptA, :keptC, :keptId, true, '\\x00')`,
      { a, c, processId, keptA: kept.a, keptC: kept.c, keptId: kept.processId },
    ).catch((error: unknown) => error);
    await someoneWaits();
    return { writing };
  });
  expect(await written.writing).toMatchObject({ code: '23503' });
  expect(await orphans()).toEqual([]);
});

test.each(['node', 'process'])('A purge of a %s waits for who writes its edges, and takes these too', async (what) => {
  const { database } = catalog;
  const { ids, a, b, c, processId, edge, open } = await process();
  const { purging } = await database.transaction(async (writer) => {
    await replaceEdges(writer, [processId], [edge(a, c), edge(b, c)]);
    const purging = query(
      database,
      what === 'node' ? 'DELETE FROM lineage_node WHERE entity_id = ?' : 'DELETE FROM lineage_process WHERE id = ?',
      [what === 'node' ? (ids[0] ?? '') : processId],
    );
    await someoneWaits();
    return { purging };
  });
  await purging;
  expect(await open()).toEqual(what === 'node' ? [`${b}>${c} id`] : []);
  expect(await orphans()).toEqual([]);
});

test('Edges of the past go with their process, and with whichever of their nodes goes', async () => {
  const { database } = catalog;
  const { ids, a, b, c, processId, edge } = await process();
  const count = () =>
    query(database, 'SELECT count(*)::int AS edges FROM lineage_edge WHERE process_id = ?', [processId]);
  await replaceEdges(database, [processId], [edge(a, b), edge(b, c)]);
  await replaceEdges(database, [processId], [edge(a, c)]);
  expect(await count()).toEqual([{ edges: 3 }]);
  await query(database, 'DELETE FROM lineage_node WHERE entity_id = ?', [ids[1] ?? '']);
  expect(await count()).toEqual([{ edges: 1 }]);
  await replaceEdges(database, [processId], []);
  await query(database, 'DELETE FROM lineage_process WHERE id = ?', [processId]);
  expect(await count()).toEqual([{ edges: 0 }]);
});

test('No edge is without its nodes or its process, nor gets others', async () => {
  const { database } = catalog;
  const { a, b, c, processId, edge } = await process();
  const gone = '999999999';
  for (const [upstream, downstream, process] of [
    [gone, c, processId],
    [a, gone, processId],
    [a, c, gone],
  ] as const)
    await expect(
      query(
        database,
        `INSERT INTO lineage_edge (upstream, downstream, process_id, direct, digest) VALUES (?, ?, ?, true, '\\x00')`,
        [upstream, downstream, process],
      ),
    ).rejects.toMatchObject({ code: '23503' });
  await replaceEdges(database, [processId], [edge(a, c)]);
  await expect(
    query(database, 'UPDATE lineage_edge SET upstream = ? WHERE process_id = ?', [b, processId]),
  ).rejects.toThrow('keeps its nodes');
});
