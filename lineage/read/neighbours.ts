import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** Against or along the flow of data. */
export type Direction = 'up' | 'down';

/** What a reader may see of the graph, and when. */
export interface View {
  /** A condition on `collected_database` under the alias `d`. */
  visible: Knex.Raw;
  /** A condition on `lineage_node` under the alias `n`, for those that are not on the map. */
  outside: Knex.Raw;
  /** The map of then; of now when left out. */
  asOf?: Date | undefined;
}

/** Ends of an edge, as names of columns: the one that is known, and the one that is looked for. */
export const ENDS = {
  up: { near: 'downstream', far: 'upstream' },
  down: { near: 'upstream', far: 'downstream' },
} as const;

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

/** Exact degrees of these nodes. */
export function degreesOf(
  database: Database,
  nodes: readonly string[],
  { visible, outside, asOf }: View,
): Promise<Degrees[]> {
  // By database first: of a hub's hundred thousand neighbours only the databases are looked at for who may see them.
  const side = (direction: Direction) => {
    const { near, far } = ENDS[direction];
    return `
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(l.count) FILTER (WHERE shown), 0)::int AS count, coalesce(bool_or(NOT shown), false) AS restricted
      FROM (
        SELECT l.${far}_database_id, l.outside, count(*) AS count
        FROM (
          SELECT DISTINCT ON (l.${far}) l.${far}_database_id,
                 CASE WHEN l.${far}_database_id IS NULL THEN ${shownOutside(far)} END AS outside
          FROM lineage_edge l
          WHERE l.${near} = f.node AND ${AT_THE_TIME}
          ORDER BY l.${far}
        ) l
        GROUP BY l.${far}_database_id, l.outside
      ) l
      CROSS JOIN LATERAL (SELECT coalesce(l.outside, ${shownDatabase(far)}) AS shown) s
    ) ${direction}_side`;
  };
  return query<Degrees>(
    database,
    `SELECT f.node, up_side.count AS upstream, down_side.count AS downstream,
            up_side.restricted AS "restrictedUpstream", down_side.restricted AS "restrictedDownstream"
     FROM unnest(CAST(:nodes AS bigint[])) AS f(node)
     ${side('up')}
     ${side('down')}`,
    { nodes: [...nodes], visible, outside, asOf: asOf ?? null },
  );
}

/** The node of an entity, or undefined where no edge ever named it. */
export async function nodeOf(database: Database, entityId: string): Promise<string | undefined> {
  const [row] = await query<{ id: string }>(database, 'SELECT id FROM lineage_node WHERE entity_id = ?', [entityId]);
  return row?.id;
}
