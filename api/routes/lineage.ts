import type { Actor } from '../../access/actor.js';
import { visibleOutside, visiblePredicate } from '../../access/visibility.js';
import { getEntity, requireVisible } from '../../catalog/entities/entity.js';
import { readColumnGraph } from '../../lineage/read/column-graph.js';
import { describeEdges, describeNodes } from '../../lineage/read/describe.js';
import { type Graph, readGraph } from '../../lineage/read/graph.js';
import { nodeOf } from '../../lineage/read/neighbours.js';
import { shortestPath } from '../../lineage/read/reach.js';
import { withoutStale } from '../../lineage/read/stale-edges.js';
import { retractEdge, stateEdge } from '../../lineage/store/stated-edges.js';
import type { ApiContext } from '../context.js';
import { keysOf, onlySteps, presentEdges, presentGraph, presentNode } from '../present-lineage.js';
import { onWorkspaceOf, type Route, route, visible } from '../route.js';
import {
  lineageQuery,
  lineageSchema,
  pathQuery,
  pathSchema,
  statedEdgeParams,
  statedEdgeSchema,
  stateEdgeSchema,
} from '../schemas/lineage.js';
import { decimalParams } from '../schemas/lists.js';
import { staleSince } from '../stale-since.js';

const tag = 'Lineage';

const ofEntity = async ({ database }: ApiContext, { id }: { id: string }, actor: Actor) => {
  const { workspace, databaseId } = await getEntity(database, { id }, visiblePredicate(actor));
  return { workspaceId: workspace.id, databaseId };
};

export const lineageRoutes: Route[] = [
  route({
    method: 'get',
    path: '/entities/:id/lineage',
    tag,
    summary: 'Read where the data of a table comes from and goes to',
    description:
      'Nodes and edges around the entity. Each node tells how many neighbours it has on each side, and has a cursor where ' +
      'there are more than were read: ask again at that node with it. What you may not see is told of as `restricted` on ' +
      'the side where it is, and nothing is read through it. At most 1,000 nodes; `truncated` says that there were more.',
    access: visible,
    params: decimalParams,
    query: lineageQuery,
    reply: { status: 200, description: 'The surroundings of the entity.', body: lineageSchema },
    handle: async ({ database, config }, { actor, params, query: { level, column, stale, ...query } }) => {
      const since = staleSince(config, query.asOf);
      const present = (graph: Graph) =>
        presentGraph(stale === 'hide' ? { ...graph, ...withoutStale(graph, since) } : graph, since);
      const seen = visiblePredicate(actor);
      await requireVisible(database, params.id, seen);
      if (column !== undefined) {
        const request = { ...query, column, visible: seen, outside: visibleOutside(actor) };
        const { steps, ...graph } = await readColumnGraph(database, params.id, request);
        return { body: present({ ...graph, edges: onlySteps(graph.edges, steps) }) };
      }
      const outside = visibleOutside(actor);
      const request = { ...query, visible: seen, outside, withColumns: level === 'column' };
      return { body: present(await readGraph(database, params.id, request)) };
    },
  }),
  route({
    method: 'get',
    path: '/entities/:id/lineage/path',
    tag,
    summary: 'Find a shortest way for data from one table to another',
    description:
      'Along the flow of data; ask the other way round too where either may feed the other. `truncated` says that none was found ' +
      'before the search was given up.',
    access: visible,
    params: decimalParams,
    query: pathQuery,
    reply: { status: 200, description: 'The way, where there is one that you may see all of.', body: pathSchema },
    handle: async ({ database, config }, { actor, params, query: { to, asOf, stale, thorough } }) => {
      const seen = visiblePredicate(actor);
      await requireVisible(database, params.id, seen);
      await requireVisible(database, to, seen);
      const [start, end] = [await nodeOf(database, params.id), await nodeOf(database, to)];
      const view = { visible: seen, outside: visibleOutside(actor), asOf };
      const since = staleSince(config, asOf);
      const ways = { ...view, freshSince: stale === 'hide' ? since : undefined, thorough };
      const { way, truncated } =
        start === undefined || end === undefined
          ? { way: undefined, truncated: false }
          : await shortestPath(database, start, end, ways);
      if (way === undefined) return { body: { found: false, nodes: [], edges: [], truncated } };
      const described = new Map((await describeNodes(database, way)).map((node) => [node.node, node]));
      const nodes = way.flatMap((node) => described.get(node) ?? []);
      const pairs = way.slice(1).map((downstream, place) => ({ upstream: way[place] ?? '', downstream }));
      const all = await describeEdges(database, pairs, view, false);
      const edges = stale === 'hide' ? withoutStale({ start, nodes, edges: all }, since).edges : all;
      return {
        body: {
          found: true,
          nodes: nodes.map(presentNode),
          edges: presentEdges(edges, keysOf(nodes), since),
          truncated,
        },
      };
    },
  }),
  route({
    method: 'post',
    path: '/entities/:id/lineage/edges',
    tag,
    summary: 'State where data comes from or goes to',
    description:
      'For what no statement tells. It is shown as stated, by whom and why, and stays until somebody takes it back.',
    access: onWorkspaceOf('lineage.state', 'entity', ofEntity),
    audit: 'lineage.state',
    changesSearch: true,
    idempotent: true,
    params: decimalParams,
    body: stateEdgeSchema,
    reply: { status: 201, description: 'Stated.', body: statedEdgeSchema },
    problems: ['EDGE_TO_ITSELF'],
    handle: async ({ database }, { actor, params, target, body }) => {
      if (body.entityId !== undefined) await requireVisible(database, body.entityId, visiblePredicate(actor));
      const here = { entityId: params.id };
      const there = body.external ?? { entityId: body.entityId ?? '' };
      const ends =
        body.direction === 'up' ? { upstream: there, downstream: here } : { upstream: here, downstream: there };
      const by = {
        personId: actor.personId,
        personName: actor.name,
        reason: body.reason,
        databaseId: target.databaseId,
      };
      return { body: { edgeId: await stateEdge(database, ends, by) } };
    },
  }),
  route({
    method: 'delete',
    path: '/entities/:id/lineage/edges/:edgeId',
    tag,
    summary: 'Take back what somebody stated',
    description: 'The edge ends now; the map of an earlier date still has it.',
    access: onWorkspaceOf('lineage.state', 'entity', ofEntity),
    audit: 'lineage.retract',
    changesSearch: true,
    params: statedEdgeParams,
    reply: { status: 204, description: 'Taken back.' },
    handle: async ({ database }, { params }) => {
      await retractEdge(database, params.id, params.edgeId);
      return { body: undefined };
    },
  }),
];
