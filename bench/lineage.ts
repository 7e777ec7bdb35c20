import { loadavg } from 'node:os';
import { visibleOutside, visiblePredicate } from '../access/visibility.js';
import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { readColumnGraph } from '../lineage/read/column-graph.js';
import { readGraph } from '../lineage/read/graph.js';
import { allImpact, listImpact } from '../lineage/read/impact.js';
import type { View } from '../lineage/read/neighbours.js';
import { shortestPath } from '../lineage/read/reach.js';
import { startIndexServer } from './index-server.js';
import { type LineageWrites, measureLineageWrites } from './measure-lineage-writes.js';
import { percentile, printMeasures } from './print-measures.js';
import { fillLineage, type SyntheticLineage } from './synthetic-lineage.js';

interface Options {
  tables: number;
  edges: number;
  /** Questions of each kind. */
  questions: number;
  /** Edges written in one run: a multiple of ten. */
  edgesWritten: number;
}

/**
 * Lineage read as the API reads it, by somebody who may not see everything, in a graph with hubs, diamonds and cycles;
 * beside it the recursive query that a graph of this size costs at the least, without looking who may see what.
 */
export async function benchLineage({ tables, edges, questions, edgesWritten }: Options): Promise<void> {
  const { database, url, cpu, close } = await startIndexServer(4);
  try {
    const began = performance.now();
    const graph = await fillLineage(database, { tables, edges });
    console.log(
      `${graph.edges} edges over ${tables} tables after ${((performance.now() - began) / 1_000).toFixed(0)} s`,
    );
    const measured: Record<string, number[]> = {};
    for (const [kind, ask] of Object.entries(questionsOf(database, graph))) {
      for (let warm = 0; warm < 3; warm += 1) await ask(tables - 7 - warm);
      const times: number[] = [];
      for (let place = 0; place < questions; place += 1) {
        // The same tables for every kind, spread over all of them.
        const table = 1 + ((place * 7_919 + 13) % tables);
        const asked = performance.now();
        const counts = await ask(table);
        times.push(typeof counts === 'number' ? counts : performance.now() - asked);
      }
      measured[kind] = times;
    }
    const exported = await exportOfHub(database, graph);
    const writes = await measureLineageWrites({ database, url, cpu }, graph, viewOf(graph), edgesWritten);
    const rows = { ...readingRows(measured), ...writingRows(writes) };
    printMeasures(
      `Lineage among ${graph.edges} edges over ${tables} tables, milliseconds unless said otherwise; load ${loadavg()[0]?.toFixed(1)}`,
      Object.fromEntries(
        FIGURES.map((figure) => [
          figure,
          Object.fromEntries(Object.entries(rows).map(([kind, row]) => [kind, row[figure] ?? ''])),
        ]),
      ),
    );
    console.log(exported);
    console.log(JSON.stringify(rows));
  } finally {
    await close();
  }
}

const FIGURES = ['p50', 'p95', 'p99', 'limit', 'wanted'] as const;
type Row = Partial<Record<(typeof FIGURES)[number], string>>;

/** What is wanted of the slowest of a hundred, in milliseconds. */
const WANTED: Record<string, number> = { 'up 5': 30, 'hub down, first page': 150, 'hub up, first page': 150 };

/** Kinds of questions, each beside the 99th percentile of its limit. */
function readingRows(measured: Record<string, number[]>): Record<string, Row> {
  const kinds = Object.entries(measured).filter(([kind]) => !kind.startsWith('limit: '));
  return Object.fromEntries(
    kinds.map(([kind, times]): [string, Row] => {
      const limit = measured[`limit: ${kind}`];
      return [
        kind,
        {
          ...percentilesOf(times),
          ...(limit === undefined ? {} : { limit: percentile(limit, 99).toFixed(1) }),
          ...(WANTED[kind] === undefined ? {} : { wanted: `p99 at most ${WANTED[kind]}` }),
        },
      ];
    }),
  );
}

function writingRows({ edges, limit, longestLock, answers, ...done }: LineageWrites): Record<string, Row> {
  const rate = ({ all }: { all: number }) => `${Math.round(edges / (all / 1_000))} a second`;
  const cpu = (of: { cpu: number }) => `${((of.cpu / edges) * 1_000).toFixed(0)} µs`;
  const rows: Record<string, Row> = {};
  for (const [what, of] of Object.entries(done)) {
    rows[`${edges} edges ${what}`] = {
      p50: rate(of),
      ...(what === 'written' ? { limit: rate(limit), wanted: 'at least 20000 a second' } : {}),
    };
    rows[`edges ${what}, a batch`] = percentilesOf(of.batches);
    rows[`edges ${what}, processor of PostgreSQL each`] = {
      p50: cpu(of),
      ...(what === 'written' ? { limit: cpu(limit) } : {}),
    };
    rows[`edges ${what}, until all are counted`] = { p50: of.counted.toFixed(0) };
  }
  rows['readers beside them, an answer'] = percentilesOf(answers);
  rows['readers beside them, the longest wait for a lock'] = { p50: longestLock.toFixed(0), wanted: 'at most 1000' };
  return rows;
}

function percentilesOf(times: readonly number[]): Row {
  return {
    p50: percentile(times, 50).toFixed(1),
    p95: percentile(times, 95).toFixed(1),
    p99: percentile(times, 99).toFixed(1),
  };
}

/** Returns a number where only so many milliseconds of it count. */
type Question = (table: number) => Promise<unknown>;

function questionsOf(database: Database, graph: SyntheticLineage): Record<string, Question> {
  const view = viewOf(graph);
  const entity = (table: number) => String(graph.firstEntity + table);
  const read = (table: number, direction: 'up' | 'down', depth: number, limit: number) =>
    readGraph(database, entity(table), { ...view, direction, depth, limit, withColumns: false });
  const column = (table: number, direction: 'up' | 'down') =>
    readColumnGraph(database, entity(table), { ...view, column: 'c1', direction, depth: 5 });
  const impact = (table: number) => listImpact(database, entity(table), { limit: 100 }, view);
  /** The page after the first, without the first. */
  const nextImpact = async (table: number) => {
    const { nextCursor: cursor } = await impact(table);
    const asked = performance.now();
    await listImpact(database, entity(table), { limit: 100, cursor }, view);
    return performance.now() - asked;
  };
  const { from, into } = graph.hubs;
  return {
    'up 5': (table) => read(table, 'up', 5, 50),
    'limit: up 5': (table) => recursive(database, table, 'up', 5),
    'down 5': (table) => read(table, 'down', 5, 50),
    'limit: down 5': (table) => recursive(database, table, 'down', 5),
    'hub down, first page': () => read(from, 'down', 1, 500),
    'hub up, first page': () => read(into, 'up', 1, 500),
    'column up 5': (table) => column(table, 'up'),
    'column down 5': (table) => column(table, 'down'),
    path: (table) =>
      shortestPath(database, String(table), String(1 + ((table * 31) % graph.tables)), { ...view, thorough: false }),
    'impact, first 100': impact,
    'limit: impact, first 100': (table) => recursive(database, table, 'down', 1_000),
    'impact, next 100': nextImpact,
    'hub impact, first 100': () => impact(from),
    'hub impact, next 100': () => nextImpact(from),
  };
}

function viewOf({ workspaceId }: SyntheticLineage): View {
  const member = { personId: '', tenantRole: 'member', workspaces: new Map([[workspaceId, 'viewer']]) };
  const actor = member as unknown as Parameters<typeof visiblePredicate>[0];
  return { visible: visiblePredicate(actor), outside: visibleOutside(actor) };
}

/** Everything that a change of the hub may reach, as the export reads it: how long, and how much memory more. */
async function exportOfHub(database: Database, graph: SyntheticLineage): Promise<string> {
  const began = performance.now();
  const before = process.memoryUsage().rss;
  let most = 0;
  let rows = 0;
  const { batches, truncated } = await allImpact(database, String(graph.firstEntity + graph.hubs.from), viewOf(graph));
  for await (const batch of batches) {
    rows += batch.length;
    most = Math.max(most, process.memoryUsage().rss - before);
  }
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  const more = truncated ? ', and there are more' : '';
  return `impact of the hub: ${rows} rows${more} in ${seconds} s, ${(most / 2 ** 20).toFixed(0)} MB more`;
}

/** Every node within so many steps: a node is found again at each distance that it has. */
function recursive(database: Database, table: number, direction: 'up' | 'down', depth: number): Promise<unknown> {
  const [near, far] = direction === 'up' ? ['downstream', 'upstream'] : ['upstream', 'downstream'];
  if (depth > 100)
    return query(
      database,
      `WITH RECURSIVE reached (node) AS (
         VALUES (CAST(:table AS bigint))
         UNION
         SELECT l.${far} FROM reached r JOIN lineage_edge l ON l.${near} = r.node AND l.valid_to IS NULL
       )
       SELECT count(*) FROM reached`,
      { table },
    );
  return query(
    database,
    `WITH RECURSIVE reached (node, distance) AS (
       VALUES (CAST(:table AS bigint), 0)
       UNION
       SELECT l.${far}, r.distance + 1
       FROM reached r
       JOIN lineage_edge l ON l.${near} = r.node AND l.valid_to IS NULL
       WHERE r.distance < :depth
     )
     SELECT count(DISTINCT node) FROM reached`,
    { table, depth },
  );
}
