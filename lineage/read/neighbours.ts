import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { turned } from '../store/count-neighbours.js';

/** Against or along the flow of data. */
export type Direction = 'up' | 'down';

/** What a reader may see of the graph, and when. */
export interface View {
  /** A condition on `collected_database` under the alias `d`. */
  visible: Knex.Raw;
  /** A condition on `workspace_id` of the alias `n`, for those that are not on the map: `lineage_node`, or a count of some. */
  outside: Knex.Raw;
  /** The map of then; of now when left out. */
  asOf?: Date | undefined;
}

/** Ends of an edge, as names of columns: the one that is known, and the one that is looked for. */
export const ENDS = {
  up: { near: 'downstream', far: 'upstream' },
  down: { near: 'upstream', far: 'downstream' },
} as const;

type Ends = (typeof ENDS)[Direction];

/** An edge `l` that there is, or was at the time. */
export const AT_THE_TIME = `
  CASE
    WHEN CAST(:asOf AS timestamptz) IS NULL THEN l.valid_to IS NULL
    ELSE l.valid_from <= CAST(:asOf AS timestamptz)
         AND (l.valid_to IS NULL OR l.valid_to > CAST(:asOf AS timestamptz))
  END`;

/**
 * Whether the far end of the edge `l` may be seen. The databases are looked up once for a statement, not for each edge; what
 * is not on the map is asked of its node.
 */
export const shownAt = (far: 'upstream' | 'downstream'): string => `(
  CASE WHEN l.${far}_database_id IS NULL
       THEN ${shownOutside(far)}
       ELSE ${shownDatabase(far)}
  END)`;
const shownDatabase = (far: 'upstream' | 'downstream'): string =>
  `l.${far}_database_id IN (SELECT d.id FROM collected_database d WHERE coalesce((:visible), false))`;
const shownOutside = (far: 'upstream' | 'downstream'): string =>
  `EXISTS (SELECT FROM lineage_node n WHERE n.id = l.${far} AND (:outside))`;

export interface Neighbour {
  from: string;
  node: string;
}

/**
 * The next nodes of each of these, without those that may not be seen: so many of each, by node, one more than `limit` to
 * tell that there are others.
 * @param after the node after which to go on
 */
export function neighboursOf(
  database: Database,
  nodes: readonly string[],
  direction: Direction,
  { visible, outside, asOf }: View,
  { after = '0', limit }: { after?: string; limit: number },
): Promise<Neighbour[]> {
  const { near, far } = ENDS[direction];
  return query<Neighbour>(
    database,
    `SELECT f.node AS "from", found.node
     FROM unnest(CAST(:nodes AS bigint[])) AS f(node)
     CROSS JOIN LATERAL (
       SELECT DISTINCT l.${far} AS node
       FROM lineage_edge l
       WHERE l.${near} = f.node AND l.${far} > CAST(:after AS bigint) AND ${AT_THE_TIME} AND ${shownAt(far)}
       ORDER BY l.${far}
       LIMIT :limit + 1
     ) found
     ORDER BY f.node, found.node`,
    { nodes: [...nodes], after, limit, visible, outside, asOf: asOf ?? null },
  );
}

/** How many nodes a node has on each side that may be seen, and whether there are some that may not. */
export interface Degrees {
  node: string;
  upstream: number;
  downstream: number;
  restrictedUpstream: boolean;
  restrictedDownstream: boolean;
}

/** Exact degrees of these nodes, in their order. Those of now are counted beside the edges, those of a date here. */
export function degreesOf(
  database: Database,
  nodes: readonly string[],
  { visible, outside, asOf }: View,
): Promise<Degrees[]> {
  return query<Degrees>(
    database,
    `WITH asked AS MATERIALIZED (
       SELECT node, place FROM unnest(CAST(:nodes AS bigint[])) WITH ORDINALITY AS a(node, place)
     ), counted AS (
       ${asOf === undefined ? COUNTED : COUNTED_OF_A_DATE}
     )
     SELECT a.node,
            coalesce(sum(c.neighbours) FILTER (WHERE NOT c.downstream AND c.shown), 0)::int AS upstream,
            coalesce(sum(c.neighbours) FILTER (WHERE c.downstream AND c.shown), 0)::int AS downstream,
            coalesce(sum(c.neighbours) FILTER (WHERE NOT c.downstream AND NOT c.shown), 0) > 0 AS "restrictedUpstream",
            coalesce(sum(c.neighbours) FILTER (WHERE c.downstream AND NOT c.shown), 0) > 0 AS "restrictedDownstream"
     FROM asked a
     LEFT JOIN (
       SELECT n.node, n.downstream, n.neighbours,
              CASE WHEN n.database_id IS NULL THEN coalesce((:outside), false)
                   ELSE n.database_id IN (SELECT d.id FROM collected_database d WHERE coalesce((:visible), false))
              END AS shown
       FROM counted n
     ) c ON c.node = a.node
     GROUP BY a.node, a.place
     ORDER BY a.place`,
    { nodes: [...nodes], visible, outside, asOf: asOf ?? null },
  );
}

/** Neighbours of each of `asked` on one side, by who may see them, as the notes of changed pairs say that came or went. */
const sinceCounted = ({ near, far }: Ends): string => `
  SELECT ${near}, ${far === 'downstream'}, ${far}_database_id, ${far}_workspace_id, neighbours
  FROM (${turned(`
    SELECT c.upstream, c.downstream, c.${far}_database_id, c.${far}_workspace_id, sum(c.edges) AS edges
    FROM asked a
    JOIN lineage_degree_change c ON c.${near} = a.node
    GROUP BY 1, 2, 3, 4`)}) t`;

const COUNTED = `
  SELECT g.node, g.downstream, g.database_id, g.workspace_id, g.neighbours
  FROM asked a
  JOIN lineage_degree g ON g.node = a.node
  UNION ALL ${sinceCounted(ENDS.up)}
  UNION ALL ${sinceCounted(ENDS.down)}`;

/** The same as of a date, from the edges. */
const ofADate = ({ near, far }: Ends): string => `
  SELECT l.${near} AS node, ${far === 'downstream'} AS downstream, l.${far}_database_id AS database_id,
         l.${far}_workspace_id AS workspace_id, count(DISTINCT l.${far}) AS neighbours
  FROM asked a
  JOIN lineage_edge l ON l.${near} = a.node
  WHERE ${AT_THE_TIME}
  GROUP BY 1, 2, 3, 4`;

const COUNTED_OF_A_DATE = `${ofADate(ENDS.up)} UNION ALL ${ofADate(ENDS.down)}`;

/** The node of an entity, or undefined where no edge ever named it. */
export async function nodeOf(database: Database, entityId: string): Promise<string | undefined> {
  const [row] = await query<{ id: string }>(database, 'SELECT id FROM lineage_node WHERE entity_id = ?', [entityId]);
  return row?.id;
}
