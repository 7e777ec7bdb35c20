import type { Database } from '../../db/database.js';
import { type ColumnStep, traceColumn } from './columns.js';
import { describeEdges, describeNodes } from './describe.js';
import type { Graph } from './graph.js';
import { type Direction, degreesOf, nodeOf, type View } from './neighbours.js';

/** The ways of one column as a graph: its nodes and edges, with the steps it was followed through. */
export async function readColumnGraph(
  database: Database,
  entityId: string,
  { column, direction, depth, ...view }: View & { column: string; direction: Direction | 'both'; depth: number },
): Promise<Graph & { steps: ColumnStep[] }> {
  const start = await nodeOf(database, entityId);
  if (start === undefined) return { start, nodes: [], edges: [], steps: [], truncated: false };
  const directions: Direction[] = direction === 'both' ? ['up', 'down'] : [direction];
  const distances = new Map<string, number>([[start, 0]]);
  const steps: ColumnStep[] = [];
  const restricted = { up: new Set<string>(), down: new Set<string>() };
  let truncated = false;
  for (const side of directions) {
    const traced = await traceColumn(database, { node: start, column }, side, depth, view);
    restricted[side] = traced.restricted;
    truncated ||= traced.truncated;
    for (const step of traced.steps) {
      steps.push(step);
      const [near, far] = side === 'up' ? [step.downstream, step.upstream] : [step.upstream, step.downstream];
      if (!distances.has(far)) distances.set(far, (distances.get(near) ?? 0) + (side === 'up' ? -1 : 1));
    }
  }
  const described = new Map((await describeNodes(database, [...distances.keys()])).map((node) => [node.node, node]));
  const degrees = await degreesOf(database, [...distances.keys()], view);
  return {
    start,
    nodes: degrees.flatMap((degree) => {
      const node = described.get(degree.node);
      const distance = distances.get(degree.node) ?? 0;
      return node === undefined
        ? []
        : [
            {
              ...node,
              ...degree,
              distance,
              restrictedUpstream: restricted.up.has(degree.node),
              restrictedDownstream: restricted.down.has(degree.node),
            },
          ];
    }),
    edges: await describeEdges(database, steps, view, false),
    steps,
    truncated,
  };
}
