import type { Database } from '../../db/database.js';
import { instant } from '../../db/instant.js';
import { prepared } from '../../db/query.js';
import { processesOfHiddenData } from './hidden-data.js';
import { atTheTime, type View } from './neighbours.js';

/** A table or other thing that data comes from or goes to. */
export interface DescribedNode {
  node: string;
  entity: {
    id: string;
    kind: string;
    type: string;
    name: string;
    schema: string | null;
    database: string;
    sourceType: string;
    workspace: { id: string; name: string };
    /** By the source. */
    owner: string | null;
    removedAt: Date | null;
  } | null;
  external: { namespace: string; name: string } | null;
}

/** What moves data along an edge. */
export interface DescribedProcess {
  id: string;
  kind: 'view' | 'query' | 'job' | 'manual';
  name: string | null;
  state: 'parsed' | 'partial' | 'unparsed' | 'stated';
  parser: string | null;
  /** Why it is not read whole; of an edge that a person stated, the person's reason. */
  reason: string | null;
  /** Of a query: where it was found, which is `query_history`. */
  source: string | null;
  /** Of a query: how often it ran, as far as is known. */
  calls: number | null;
  /** Who stated it. */
  statedBy: string | null;
  /** By which what a person stated can be taken back. */
  edgeId: string | null;
  since: string;
  until: string | null;
  lastSeen: string;
}

export interface DescribedEdge {
  upstream: string;
  downstream: string;
  /** False where the upstream only decides which rows there are. */
  direct: boolean;
  processes: DescribedProcess[];
  columns: { upstream: string; downstream: string; transformation: string }[];
}

/** What these nodes are. The caller has made sure that they may be seen. */
export function describeNodes(database: Database, nodes: readonly string[]): Promise<DescribedNode[]> {
  return prepared<DescribedNode>(
    database,
    `SELECT n.id AS node,
            CASE WHEN e.id IS NOT NULL THEN json_build_object(
              'id', e.id::text, 'kind', e.kind, 'type', e.type, 'name', e.name, 'schema', e.schema_name,
              'database', d.name, 'sourceType', d.source_type,
              'workspace', json_build_object('id', w.id, 'name', w.name), 'owner', e.owner, 'removedAt', ${instant('e.removed_at')}
            ) END AS entity,
            CASE WHEN n.entity_id IS NULL THEN json_build_object('namespace', n.namespace, 'name', n.name) END AS external
     FROM lineage_node n
     LEFT JOIN entity e ON e.id = n.entity_id
     LEFT JOIN collected_database d ON d.id = e.collected_database_id
     LEFT JOIN workspace w ON w.id = d.workspace_id
     WHERE n.id = ANY(?::bigint[])`,
    [[...nodes]],
  );
}

/**
 * The edges between pairs of nodes that may be seen, each pair's as one. What a process of a database that may not be seen
 * is called is left out; of one that also moves data of such a database, what a job is called and why it is not read whole.
 */
export async function describeEdges(
  database: Database,
  pairs: readonly { upstream: string; downstream: string }[],
  { visible, asOf }: View,
  withColumns: boolean,
): Promise<DescribedEdge[]> {
  const edges = await prepared<DescribedEdge>(
    database,
    `SELECT l.upstream, l.downstream, bool_or(l.direct) AS direct,
            json_agg(json_build_object(
              'id', p.id::text, 'kind', p.kind, 'name', CASE WHEN s.shown THEN p.name END, 'state', p.state,
              'parser', p.parser, 'reason', CASE WHEN s.shown THEN p.reason END,
              'source', CASE WHEN p.kind = 'query' THEN p.evidence ->> 'source' END,
              'calls', CASE WHEN p.kind = 'query' AND s.shown THEN p.evidence -> 'calls' END,
              'statedBy', CASE WHEN p.kind = 'manual' THEN p.evidence ->> 'personName' END,
              'edgeId', CASE WHEN p.kind = 'manual' THEN p.key END,
              'since', ${instant('l.valid_from')}, 'until', ${instant('l.valid_to')}, 'lastSeen', ${instant('l.last_seen')}
            ) ORDER BY p.id) AS processes,
            ${withColumns ? "coalesce(jsonb_agg(DISTINCT c.columns) FILTER (WHERE c.columns IS NOT NULL), '[]')" : "'[]'::jsonb"} AS columns
     FROM ROWS FROM (unnest(CAST(:upstream AS bigint[])), unnest(CAST(:downstream AS bigint[]))) AS w(upstream, downstream)
     JOIN lineage_edge l ON l.upstream = w.upstream AND l.downstream = w.downstream AND ${atTheTime(asOf)}
     JOIN lineage_process p ON p.id = l.process_id
     CROSS JOIN LATERAL (
       SELECT p.collected_database_id IS NULL
              OR p.collected_database_id IN (SELECT d.id FROM collected_database d WHERE coalesce((:visible), false)) AS shown
     ) s
     ${withColumns ? COLUMNS : ''}
     GROUP BY l.upstream, l.downstream
     ORDER BY l.upstream, l.downstream`,
    {
      upstream: pairs.map(({ upstream }) => upstream),
      downstream: pairs.map(({ downstream }) => downstream),
      visible,
      asOf: asOf ?? null,
    },
  );
  const telling = edges.flatMap(({ processes }) => processes.filter(tells));
  const hidden = await processesOfHiddenData(database, [...new Set(telling.map(({ id }) => id))], visible);
  return edges.map((edge) => ({
    ...edge,
    processes: edge.processes.map((process) =>
      hidden.has(process.id)
        ? { ...process, name: process.kind === 'job' ? null : process.name, reason: null }
        : process,
    ),
    columns: (edge.columns as unknown as DescribedEdge['columns'][]).flat(),
  }));
}

/** Whether it says something in which the name of any of its tables may stand; what people state is theirs to word. */
const tells = ({ kind, name, reason }: DescribedProcess): boolean =>
  kind !== 'manual' && (reason !== null || (kind === 'job' && name !== null));

const COLUMNS = `
     LEFT JOIN LATERAL (
       SELECT jsonb_agg(jsonb_build_object('upstream', k.upstream_column, 'downstream', k.downstream_column,
                                           'transformation', k.transformation)
                        ORDER BY k.downstream_column, k.upstream_column, k.transformation) AS columns
       FROM lineage_column_edge k
       WHERE k.edge_id = l.id
     ) c ON true`;
