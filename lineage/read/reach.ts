import type { Database } from '../../db/database.js';
import { prepared } from '../../db/query.js';
import { atTheTime, type Direction, ENDS, shownAt, type View } from './neighbours.js';
import { FRESH } from './stale-edges.js';

/** Nodes that a reading goes through before it gives up. */
export const MOST_REACHED = 100_000;

/**
 * Nodes that are gone on from, of both ends together, before a way is no longer looked for: about a tenth of a second, or one to
 * two. Where there is none, one of the ends must be walked as far as there is data, and that may be most of the map.
 */
const MOST_STEPPED = { quick: 20_000, thorough: 2 * MOST_REACHED };

/** What is walked along. */
export interface Ways extends View {
  /** Only edges that are not stale, as `isStale` has it, by this time; all when left out. */
  freshSince?: Date | undefined;
}

/** Nodes by node, and of each one that it is reached from: the first, which makes the answer the same each time. */
interface Step {
  nodes: string[];
  from: string[];
}

/**
 * One step from all of these nodes at once, to nodes that may be seen. Of more than a reading goes through the rest is left out.
 * The answer is one row: tens of thousands take the reader longer to take apart than they take to find.
 */
async function stepFrom(
  database: Database,
  nodes: readonly string[],
  direction: Direction,
  { visible, outside, asOf, freshSince }: Ways,
): Promise<Step> {
  const { near, far } = ENDS[direction];
  const [found] = await prepared<{ nodes: string | null; from: string | null }>(
    database,
    `SELECT string_agg(node::text, ',') AS nodes, string_agg("from"::text, ',') AS "from"
     FROM (
       SELECT l.${far} AS node, min(l.${near}) AS "from"
       FROM unnest(CAST(:nodes AS bigint[])) AS f(node)
       JOIN lineage_edge l ON l.${near} = f.node AND ${atTheTime(asOf)} AND ${shownAt(far)}
            ${freshSince === undefined ? '' : `AND ${FRESH}`}
       GROUP BY l.${far}
       ORDER BY l.${far}
       LIMIT ${2 * MOST_REACHED + 2}
     ) step`,
    { nodes: [...nodes], visible, outside, asOf: asOf ?? null, freshSince: freshSince ?? null },
  );
  return { nodes: found?.nodes?.split(',') ?? [], from: found?.from?.split(',') ?? [] };
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
  ways: Ways,
): Promise<{ reached: Reached[]; truncated: boolean }> {
  const seen = new Set([start]);
  const reached: Reached[] = [];
  let frontier = [start];
  for (let distance = 1; frontier.length > 0; distance += 1) {
    const { nodes } = await stepFrom(database, frontier, direction, ways);
    frontier = nodes.filter((node) => !seen.has(node));
    for (const node of frontier) {
      if (reached.length >= MOST_REACHED) return { reached, truncated: true };
      seen.add(node);
      reached.push({ node, distance });
    }
  }
  return { reached, truncated: false };
}

/**
 * A shortest way for data from one node to another, both included, or undefined where there is none that may be seen.
 * Steps from whichever end has fewer nodes to go on from, so that a hub at one of them is not read, and no further once one of
 * them has none. `truncated` where it was not looked for to the end: there may be one.
 */
export async function shortestPath(
  database: Database,
  from: string,
  to: string,
  { thorough, ...ways }: Ways & { thorough: boolean },
): Promise<{ way: string[] | undefined; truncated: boolean }> {
  if (from === to) return { way: [from], truncated: false };
  const ends = {
    down: { before: new Map<string, string | undefined>([[from, undefined]]), frontier: [from] },
    up: { before: new Map<string, string | undefined>([[to, undefined]]), frontier: [to] },
  };
  let stepped = 0;
  while (ends.down.frontier.length > 0 && ends.up.frontier.length > 0) {
    const direction: Direction = ends.down.frontier.length <= ends.up.frontier.length ? 'down' : 'up';
    const mine = ends[direction];
    const other = ends[direction === 'down' ? 'up' : 'down'];
    stepped += mine.frontier.length;
    if (stepped > MOST_STEPPED[thorough ? 'thorough' : 'quick']) return { way: undefined, truncated: true };
    const step = await stepFrom(database, mine.frontier, direction, ways);
    mine.frontier = [];
    for (const [place, node] of step.nodes.entries()) {
      if (mine.before.has(node)) continue;
      mine.before.set(node, step.from[place]);
      if (other.before.has(node)) {
        const way = [...wayBack(ends.down.before, node).reverse(), ...wayBack(ends.up.before, node).slice(1)];
        return { way, truncated: false };
      }
      mine.frontier.push(node);
    }
  }
  return { way: undefined, truncated: false };
}

function wayBack(before: ReadonlyMap<string, string | undefined>, end: string): string[] {
  const nodes: string[] = [];
  for (let node: string | undefined = end; node !== undefined; node = before.get(node)) nodes.push(node);
  return nodes;
}
