import { setTimeout as delay } from 'node:timers/promises';
import { type Database, openDatabase } from '../db/database.js';
import { query } from '../db/query.js';
import { readGraph } from '../lineage/read/graph.js';
import { degreesOf, type View } from '../lineage/read/neighbours.js';
import { countNeighbours } from '../lineage/store/count-neighbours.js';
import { type FoundEdge, replaceEdges } from '../lineage/store/record-edges.js';
import type { IndexServer } from './index-server.js';
import { longestLock } from './longest-lock.js';
import type { SyntheticLineage } from './synthetic-lineage.js';

const READERS = 'datamap-bench-lineage-readers';
/** As often as a person clicks who is in a hurry. Milliseconds. */
const PAUSE = 20;
/** Views that a run reads and writes at once, and edges of each. */
const BATCH = 200;
const EDGES_OF_VIEW = 10;

/** Edges that something was done with, batch by batch. */
export interface DoneWithEdges {
  /** Milliseconds of each batch, and of all of them. */
  batches: number[];
  all: number;
  /** Milliseconds after the last batch until all neighbours were counted. */
  counted: number;
  /** Milliseconds of the server's processor. */
  cpu: number;
}

export interface LineageWrites {
  edges: number;
  written: DoneWithEdges;
  /** The same edges found again. */
  unchanged: DoneWithEdges;
  deleted: DoneWithEdges;
  /** One INSERT of as many rows into a table with the same indexes, which knows and tells nothing: milliseconds. */
  limit: { all: number; cpu: number };
  /** The longest that readers waited for a lock while all of it was done again, and their answers: milliseconds. */
  longestLock: number;
  answers: number[];
}

/**
 * Edges at table level written as a run writes those of its views, a tenth of them into the hub, found again, and deleted
 * with their views, while neighbours are counted as a worker does it. First alone, for its pace, then beside two readers, one
 * of them at the hub, for their waits.
 * @throws when the neighbours of the hub are not exactly as many as there are
 */
export async function measureLineageWrites(
  { database, url, cpu }: Pick<IndexServer, 'database' | 'url' | 'cpu'>,
  graph: SyntheticLineage,
  view: View,
  edges: number,
): Promise<LineageWrites> {
  const limit = await plainInsert(database, edges, cpu);
  const writeAll = async () => {
    const batches = await viewsInBatches(database, edges / EDGES_OF_VIEW, graph);
    const replace = (batch: ReadonlyMap<string, FoundEdge[]>) =>
      replaceEdges(database, [...batch.keys()], [...batch.values()].flat());
    const before = await checkedDegree(database, graph, view);
    const written = await inBatches(database, batches, replace, cpu);
    if ((await checkedDegree(database, graph, view)) <= before) throw new Error('The hub has no more neighbours');
    const unchanged = await inBatches(database, batches, replace, cpu);
    const deleted = await inBatches(
      database,
      batches,
      (batch) => query(database, 'DELETE FROM lineage_process WHERE id = ANY(?::bigint[])', [[...batch.keys()]]),
      cpu,
    );
    const after = await checkedDegree(database, graph, view);
    if (after !== before) throw new Error(`The hub has ${after} neighbours and had ${before}`);
    return { written, unchanged, deleted };
  };
  const alone = await writeAll();
  const readers = startReaders(url, graph, view);
  await writeAll();
  return { edges, ...alone, limit, ...(await readers.stop()) };
}

/** New views by their process, with the edges that each has. */
async function viewsInBatches(
  database: Database,
  views: number,
  graph: SyntheticLineage,
): Promise<ReadonlyMap<string, FoundEdge[]>[]> {
  const made = await query<{ id: string }>(
    database,
    `INSERT INTO lineage_process (kind, key, state)
     SELECT 'view', 'written ' || i, 'parsed' FROM generate_series(1, CAST(? AS integer)) i RETURNING id`,
    [views],
  );
  return Array.from(
    { length: Math.ceil(made.length / BATCH) },
    (_, batch) =>
      new Map(
        made
          .slice(batch * BATCH, (batch + 1) * BATCH)
          .map(({ id }, place) => [id, edgesOfView(id, batch * BATCH + place, graph)]),
      ),
  );
}

/** To a table of its own, from tables all over the map, and from there into the hub. */
function edgesOfView(processId: string, place: number, { tables, hubs }: SyntheticLineage): FoundEdge[] {
  const node = (number: number) => String(1 + (number % (tables - 2)));
  const downstream = node(place * 17);
  return Array.from({ length: EDGES_OF_VIEW }, (_, edge) => ({
    processId,
    ...(edge === 0
      ? { upstream: downstream, downstream: String(hubs.into) }
      : { upstream: node(place * 17 + edge * 7_919), downstream }),
    direct: true,
    columns: [],
  }));
}

async function inBatches<Batch>(
  database: Database,
  batches: readonly Batch[],
  write: (batch: Batch) => Promise<unknown>,
  cpu: () => number,
): Promise<DoneWithEdges> {
  let writing = true;
  const counting = (async () => {
    while (writing) {
      await countNeighbours(database);
      await delay(1_000);
    }
  })();
  const times: number[] = [];
  const cpuBefore = cpu();
  const began = performance.now();
  for (const batch of batches) {
    const asked = performance.now();
    await write(batch);
    times.push(performance.now() - asked);
  }
  const all = performance.now() - began;
  writing = false;
  await counting;
  await countNeighbours(database);
  return { batches: times, all, counted: performance.now() - began - all, cpu: cpu() - cpuBefore };
}

/** The neighbours of the hub as the API tells them, which must be those that the edges say. */
async function checkedDegree(database: Database, { hubs }: SyntheticLineage, view: View): Promise<number> {
  const node = String(hubs.into);
  const [told] = await degreesOf(database, [node], view);
  const [counted] = await degreesOf(database, [node], { ...view, asOf: new Date(Date.now() + 60_000) });
  if (told === undefined || told.upstream !== counted?.upstream)
    throw new Error(`${told?.upstream} neighbours are told of and there are ${counted?.upstream}`);
  return told.upstream;
}

function startReaders(url: string, graph: SyntheticLineage, view: View) {
  const database = openDatabase(url, { name: READERS, max: 2 });
  let reading = true;
  const answers: number[] = [];
  const read = async (table: (turn: number) => number, direction: 'up' | 'down', depth: number, limit: number) => {
    for (let turn = 0; reading; turn += 1) {
      const entity = String(graph.firstEntity + table(turn));
      const asked = performance.now();
      await readGraph(database, entity, { ...view, direction, depth, limit, withColumns: false });
      answers.push(performance.now() - asked);
      await delay(PAUSE);
    }
  };
  const all = Promise.all([
    longestLock(url, READERS, () => reading),
    read(() => graph.hubs.into, 'up', 1, 500),
    read((turn) => 1 + ((turn * 7_919) % graph.tables), 'up', 5, 50),
  ]);
  // Nothing waits for them until `stop`, which hears of their failure.
  all.catch(() => undefined);
  return {
    stop: async () => {
      reading = false;
      const [longest] = await all;
      await database.destroy();
      return { longestLock: longest, answers };
    },
  };
}

async function plainInsert(
  database: Database,
  edges: number,
  cpu: () => number,
): Promise<{ all: number; cpu: number }> {
  await query(
    database,
    `CREATE TABLE plain_edge AS SELECT * FROM lineage_edge WHERE valid_to IS NULL ORDER BY id % 7, id LIMIT ?`,
    [edges],
  );
  await query(database, 'CREATE TABLE plain_edges (LIKE lineage_edge INCLUDING INDEXES)');
  const cpuBefore = cpu();
  const began = performance.now();
  await query(database, 'INSERT INTO plain_edges SELECT * FROM plain_edge');
  const took = { all: performance.now() - began, cpu: cpu() - cpuBefore };
  await query(database, 'DROP TABLE plain_edge, plain_edges');
  return took;
}
