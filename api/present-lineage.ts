import type { ColumnStep } from '../lineage/read/columns.js';
import type { DescribedEdge, DescribedNode } from '../lineage/read/describe.js';
import type { Graph, GraphNode } from '../lineage/read/graph.js';
import { isStale } from '../lineage/read/stale-edges.js';
import { qualifiedName } from './qualified-name.js';

/** What a node of lineage is called in answers: nothing that the store's own numbers would tell. */
export const nodeKey = ({ node, entity }: DescribedNode): string =>
  entity === null ? `external:${node}` : `entity:${entity.id}`;

export function presentNode<Node extends DescribedNode>({ node, entity, external, ...rest }: Node) {
  return {
    ...rest,
    key: nodeKey({ node, entity, external }),
    external,
    entity:
      entity === null
        ? null
        : { ...entity, removedAt: entity.removedAt as unknown as string | null, qualifiedName: qualifiedName(entity) },
  };
}

/** @param staleSince what was not seen to move data since then is stale */
export function presentGraph({ start, nodes, edges, truncated }: Graph, staleSince: Date) {
  const keys = keysOf(nodes);
  return {
    start: keys.get(start ?? '') ?? null,
    nodes: nodes.map(presentGraphNode),
    edges: presentEdges(edges, keys, staleSince),
    truncated,
  };
}

function presentGraphNode(node: GraphNode) {
  const { upstream, downstream, restrictedUpstream, restrictedDownstream, nextUpstream, nextDownstream, ...rest } =
    node;
  const side = (count: number, restricted: boolean, nextCursor?: string) => ({
    count,
    restricted,
    ...(nextCursor === undefined ? {} : { nextCursor }),
  });
  return {
    ...presentNode(rest),
    upstream: side(upstream, restrictedUpstream, nextUpstream),
    downstream: side(downstream, restrictedDownstream, nextDownstream),
  };
}

export const keysOf = (nodes: readonly DescribedNode[]): ReadonlyMap<string, string> =>
  new Map(nodes.map((node) => [node.node, nodeKey(node)]));

export function presentEdges(edges: readonly DescribedEdge[], keys: ReadonlyMap<string, string>, staleSince: Date) {
  return edges.flatMap(({ upstream, downstream, processes, ...edge }) => {
    const [from, to] = [keys.get(upstream), keys.get(downstream)];
    if (from === undefined || to === undefined) return [];
    const marked = processes.map((process) => ({ ...process, stale: isStale(process, staleSince) }));
    return [{ ...edge, upstream: from, downstream: to, processes: marked }];
  });
}

/** The edges with those columns alone that a column was followed through. */
export function onlySteps(edges: readonly DescribedEdge[], steps: readonly ColumnStep[]): DescribedEdge[] {
  return edges.map((edge) => ({
    ...edge,
    columns: steps
      .filter(({ upstream, downstream }) => upstream === edge.upstream && downstream === edge.downstream)
      .map(({ upstreamColumn, downstreamColumn, transformation }) => ({
        upstream: upstreamColumn,
        downstream: downstreamColumn,
        transformation,
      })),
  }));
}
