import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { atTheTime, type Direction, ENDS, shownAt, type View } from './neighbours.js';

/** Nodes that a reading goes through before it gives up. */
export const MOST_REACHED = 100_000;

/**
 * One step from all of these nodes at once, to nodes that may be seen; of each only one node it is reached from.
 * By node, which makes the answer the same each time. Of more than a reading goes through the rest is left out.
 */
export function stepFrom(
  database: Database,
  nodes: readonly string[],
  direction: Direction,
  { visible, outside, asOf }: View,
): Promise<{ from: string; node: string }[]> {
  const { near, far } = ENDS[direction];
  return query(
    database,
    `SELECT DISTINCT ON (l.${far}) l.${near} AS "from", l.${far} AS node
     FROM lineage_edge l
     WHERE l.${near} = ANY(CAST(:nodes AS bigint[])) AND ${atTheTime(asOf)} AND ${shownAt(far)}
     ORDER BY l.${far}, l.${near}
     LIMIT ${2 * MOST_REACHED + 2}`,
    { nodes: [...nodes], visible, outside, asOf: asOf ?? null },
  );
}

/** A node on the way, so many steps from the start. */
export interface Reached {
  node: string;
  distance: number;
}

/** Everything that can be reached in a direction, by distance and then by node; without the start. */
export async function reachOf(
  database: Database,
  start: string,
  direction: Direction,
  view: View,
): Promise<{ reached: Reached[]; truncated: boolean }> {
  const seen = new Set([start]);
  const reached: Reached[] = [];
  let frontier = [start];
  for (let distance = 1; frontier.length > 0; distance += 1) {
    const next = (await stepFrom(database, frontier, direction, view)).filter(({ node }) => !seen.has(node));
    for (const { node } of next) {
      if (reached.length >= MOST_REACHED) return { reached, truncated: true };
      seen.add(node);
      reached.push({ node, distance });
    }
    frontier = next.map(({ node }) => node);
  }
  return { reached, truncated: false };
}

/**
 * A shortest way for data from one node to another, both included, or undefined where there is none that may be seen.
 * Steps from whichever end has fewer nodes to go on from, so that a hub at one of them is not read.
 */
export async function shortestPath(
  database: Database,
  from: string,
  to: string,
  view: View,
): Promise<string[] | undefined> {
  if (from === to) return [from];
  const ends = {
    down: { before: new Map<string, string | undefined>([[from, undefined]]), frontier: [from] },
    up: { before: new Map<string, string | undefined>([[to, undefined]]), frontier: [to] },
  };
  while (ends.down.frontier.length > 0 && ends.up.frontier.length > 0) {
    const direction: Direction = ends.down.frontier.length <= ends.up.frontier.length ? 'down' : 'up';
    const mine = ends[direction];
    const other = ends[direction === 'down' ? 'up' : 'down'];
    const found = (await stepFrom(database, mine.frontier, direction, view)).filter(
      ({ node }) => !mine.before.has(node),
    );
    for (const { from: near, node } of found) mine.before.set(node, near);
    const meeting = found.find(({ node }) => other.before.has(node));
    if (meeting !== undefined) {
      return [...way(ends.down.before, meeting.node).reverse(), ...way(ends.up.before, meeting.node).slice(1)];
    }
    if (mine.before.size > MOST_REACHED) return undefined;
    mine.frontier = found.map(({ node }) => node);
  }
  return undefined;
}

function way(before: ReadonlyMap<string, string | undefined>, end: string): string[] {
  const nodes: string[] = [];
  for (let node: string | undefined = end; node !== undefined; node = before.get(node)) nodes.push(node);
  return nodes;
}
