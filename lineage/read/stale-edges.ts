import type { DescribedEdge, DescribedProcess } from './describe.js';

/** Kinds of processes that are seen each time they run; a view, and what a person states, hold until somebody changes them. */
const RUNS: readonly DescribedProcess['kind'][] = ['job', 'query'];

/** Whether what moves data along an edge was not seen to since then. */
export const isStale = ({ kind, lastSeen }: DescribedProcess, since: Date): boolean =>
  RUNS.includes(kind) && new Date(lastSeen) < since;

/** That an edge `l` is not stale, as a condition: what `isStale` says by `:freshSince`. */
export const FRESH = `(
  l.last_seen >= CAST(:freshSince AS timestamptz)
  OR EXISTS (
    SELECT FROM lineage_process p WHERE p.id = l.process_id AND p.kind NOT IN (${RUNS.map((kind) => `'${kind}'`).join(', ')})
  ))`;

interface Surroundings<Node> {
  start: string | undefined;
  nodes: readonly Node[];
  edges: readonly DescribedEdge[];
}

/**
 * Without what was not seen since then: edges along which nothing else moves data, and the nodes that only such edges join to
 * the start.
 */
export function withoutStale<Node extends { node: string }>(
  { start, nodes, edges }: Surroundings<Node>,
  since: Date,
): { nodes: Node[]; edges: DescribedEdge[] } {
  const fresh = edges
    .map((edge) => ({ ...edge, processes: edge.processes.filter((process) => !isStale(process, since)) }))
    .filter(({ processes }) => processes.length > 0);
  const next = new Map<string, string[]>();
  for (const { upstream, downstream } of fresh) {
    next.set(upstream, [...(next.get(upstream) ?? []), downstream]);
    next.set(downstream, [...(next.get(downstream) ?? []), upstream]);
  }
  const joined = new Set(start === undefined ? [] : [start]);
  for (const node of joined) for (const neighbour of next.get(node) ?? []) joined.add(neighbour);
  return {
    nodes: nodes.filter(({ node }) => joined.has(node)),
    edges: fresh.filter(({ upstream }) => joined.has(upstream)),
  };
}
