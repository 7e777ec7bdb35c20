import { DECIMAL, decodeCursor, encodeCursor } from '../../catalog/model/cursor.js';
import type { Database } from '../../db/database.js';
import { type DescribedEdge, type DescribedNode, describeEdges, describeNodes } from './describe.js';
import { BEGINNING, type Degrees, type Direction, degreesOf, neighboursOf, type View, walkFrom } from './neighbours.js';

/** No answer holds more nodes: a reader goes on from one of them. */
export const MOST_NODES = 1_000;

export interface GraphNode extends DescribedNode, Omit<Degrees, 'node'> {
  /** Steps from where the reading began: negative upstream. */
  distance: number;
  /** Where to go on with this node's neighbours on a side that was to be read and was not to its end. */
  nextUpstream?: string;
  nextDownstream?: string;
}

export interface Graph {
  /** The node of the entity asked for; undefined where no edge ever named it. */
  start: string | undefined;
  nodes: GraphNode[];
  edges: DescribedEdge[];
  /** There were more than an answer holds. */
  truncated: boolean;
}

export interface GraphRequest extends View {
  direction: Direction | 'both';
  /** Steps, from 1. */
  depth: number;
  /** Neighbours of each node on each side. */
  limit: number;
  cursor?: string | undefined;
  withColumns: boolean;
}

/**
 * The surroundings of an entity that the reader may see. Nothing is read through what may not be seen, and of such things
 * a node tells no more than that there are some on that side. Each node is read once, however many ways lead to it.
 * @throws InvalidCursor
 */
export async function readGraph(database: Database, entityId: string, request: GraphRequest): Promise<Graph> {
  const [side, after] = decodeCursor(request.cursor, [/^(up|down)$/, DECIMAL]) ?? [];
  const directions: Direction[] =
    side !== undefined ? [side as Direction] : request.direction === 'both' ? ['up', 'down'] : [request.direction];
  const walks = await Promise.all(
    directions.map(async (direction) => ({
      direction,
      ...(await walkFrom(database, entityId, direction, request, { ...request, after })),
    })),
  );
  const start = walks[0]?.start;
  if (start === undefined) return { start, nodes: [], edges: [], truncated: false };
  const distances = new Map<string, number>([[start, 0]]);
  const pairs = new Map<string, { upstream: string; downstream: string }>();
  const next = new Map<string, Partial<Record<Direction, string>>>();
  let truncated = false;
  for (const { direction, steps } of walks) {
    // Of a node that both directions lead to, which only a cycle has, each side is read for itself.
    const seen = new Set([start]);
    let frontier = [start];
    const goOn = (near: string, after: string) => next.set(near, { ...next.get(near), [direction]: after });
    for (let step = 1; step <= request.depth && frontier.length > 0; step += 1) {
      if (truncated) {
        for (const near of frontier) goOn(near, BEGINNING);
        break;
      }
      const from = { limit: request.limit, ...(step === 1 && after !== undefined ? { after } : {}) };
      const near = new Set(frontier);
      const found =
        steps?.[step - 1]?.filter((neighbour) => near.has(neighbour.from)) ??
        (await neighboursOf(database, frontier, direction, request, from));
      const reached: string[] = [];
      const read = new Map<string, { taken: number; last: string; whole: boolean }>();
      for (const { from: near, node } of found) {
        const side = read.get(near) ?? { taken: 0, last: from.after ?? BEGINNING, whole: true };
        read.set(near, side);
        const known = distances.has(node);
        if (side.taken === request.limit || (!known && distances.size >= MOST_NODES)) {
          truncated ||= side.taken < request.limit;
          // The first that is left out is where to go on, also where later ones are in the answer for other reasons.
          if (side.whole) goOn(near, side.last);
          side.whole = false;
          continue;
        }
        side.taken += 1;
        side.last = node;
        const pair = direction === 'up' ? { upstream: node, downstream: near } : { upstream: near, downstream: node };
        pairs.set(`${pair.upstream}>${pair.downstream}`, pair);
        if (!known) distances.set(node, direction === 'up' ? -step : step);
        if (!seen.has(node)) reached.push(node);
        seen.add(node);
      }
      frontier = reached;
    }
  }
  const nodes = [...distances.keys()];
  // None of these needs another one, and together they are half of the time.
  const [descriptions, degrees, edges] = await Promise.all([
    describeNodes(database, nodes),
    degreesOf(database, nodes, request),
    describeEdges(database, [...pairs.values()], request, request.withColumns),
  ]);
  const described = new Map(descriptions.map((node) => [node.node, node]));
  return {
    start,
    nodes: degrees.flatMap((degree): GraphNode[] => {
      const node = described.get(degree.node);
      if (node === undefined) return [];
      const { up, down } = next.get(degree.node) ?? {};
      return [
        {
          ...node,
          ...degree,
          distance: distances.get(degree.node) ?? 0,
          ...(up === undefined ? {} : { nextUpstream: encodeCursor(['up', up]) }),
          ...(down === undefined ? {} : { nextDownstream: encodeCursor(['down', down]) }),
        },
      ];
    }),
    edges,
    truncated,
  };
}
