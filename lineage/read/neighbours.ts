import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { prepared, query } from '../../db/query.js';
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

/** An edge `l` that there is, or was at the time; that of now as short as a statement that is asked often should be. */
export const atTheTime = (asOf: Date | undefined): string =>
  asOf === undefined
    ? 'l.valid_to IS NULL'
    : `l.valid_from <= CAST(:asOf AS timestamptz) AND (l.valid_to IS NULL OR l.valid_to > CAST(:asOf AS timestamptz))`;

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

/** The node after which all are. */
export const BEGINNING = '0';

export interface Neighbour {
  from: string;
  node: string;
}

/**
 * The nodes next to `near`, without those that may not be seen: so many, by node, one more than `limit` to tell that there are
 * others.
 * @param near SQL for the node, and for the node after which to go on
 */
const nextTo = (near: string, after: string, direction: Direction, asOf: Date | undefined): string => {
  const ends = ENDS[direction];
  return `
    SELECT DISTINCT l.${ends.far} AS node
    FROM lineage_edge l
    WHERE l.${ends.near} = ${near} AND l.${ends.far} > ${after} AND ${atTheTime(asOf)} AND ${shownAt(ends.far)}
    ORDER BY l.${ends.far}
    LIMIT :limit + 1`;
};

/** The next nodes of each of these: so many of each, one more than `limit` to tell that there are others. */
export function neighboursOf(
  database: Database,
  nodes: readonly string[],
  direction: Direction,
  { visible, outside, asOf }: View,
  { after = BEGINNING, limit }: { after?: string | undefined; limit: number },
): Promise<Neighbour[]> {
  return prepared<Neighbour>(
    database,
    `SELECT f.node AS "from", found.node
     FROM unnest(CAST(:nodes AS bigint[])) AS f(node)
     CROSS JOIN LATERAL (${nextTo('f.node', 'CAST(:after AS bigint)', direction, asOf)}) found
     ORDER BY f.node, found.node`,
    { nodes: [...nodes], after, limit, visible, outside, asOf: asOf ?? null },
  );
}

/** Rows of a walk that are read before it is given up: several for each node of an answer. */
const MOST_WALKED = 5_000;

/**
 * What `neighboursOf` answers step by step from an entity's node, in one statement. A node that is found at several distances is
 * gone on from at each of them, so that dense surroundings are walked many times over: of more rows than an answer
 * has use for there are no `steps`, and each is to be asked for by itself.
 * @returns `start` undefined where no edge ever named the entity; with each step more than was asked for may be read from nodes
 *   that an earlier one came to
 */
export async function walkFrom(
  database: Database,
  entityId: string,
  direction: Direction,
  { visible, outside, asOf }: View,
  { after = BEGINNING, limit, depth }: { after?: string | undefined; limit: number; depth: number },
): Promise<{ start: string | undefined; steps: Neighbour[][] | undefined }> {
  const rows = await prepared<Neighbour & { step: number }>(
    database,
    `WITH RECURSIVE walk (step, "from", node, place) AS (
       SELECT 0, CAST(NULL AS bigint), n.id, CAST(0 AS bigint)
       FROM lineage_node n
       WHERE n.entity_id = CAST(:entityId AS bigint)
       UNION ALL
       SELECT w.step + 1, w.node, found.node, found.place
       FROM (SELECT DISTINCT step, node FROM walk WHERE step < :depth AND place <= :limit) w
       CROSS JOIN LATERAL (
         SELECT next.node, row_number() OVER (ORDER BY next.node) AS place
         FROM (${nextTo('w.node', 'CASE WHEN w.step = 0 THEN CAST(:after AS bigint) ELSE 0 END', direction, asOf)}) next
       ) found
     )
     SELECT w.step, w."from", w.node
     FROM (SELECT step, "from", node FROM walk LIMIT ${MOST_WALKED} + 1) w
     ORDER BY w.step, w."from", w.node`,
    { entityId, depth, after, limit, visible, outside, asOf: asOf ?? null },
  );
  const start = rows[0]?.node;
  if (rows.length > MOST_WALKED) return { start, steps: undefined };
  const steps = Array.from({ length: depth }, (): Neighbour[] => []);
  for (const { step, ...found } of rows) steps[step - 1]?.push(found);
  return { start, steps };
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
  return prepared<Degrees>(
    database,
    `WITH asked AS MATERIALIZED (
       SELECT node, place FROM unnest(CAST(:nodes AS bigint[])) WITH ORDINALITY AS a(node, place)
     ), counted AS (
       ${asOf === undefined ? COUNTED : countedOfADate(asOf)}
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
const ofADate = ({ near, far }: Ends, asOf: Date): string => `
  SELECT l.${near} AS node, ${far === 'downstream'} AS downstream, l.${far}_database_id AS database_id,
         l.${far}_workspace_id AS workspace_id, count(DISTINCT l.${far}) AS neighbours
  FROM asked a
  JOIN lineage_edge l ON l.${near} = a.node
  WHERE ${atTheTime(asOf)}
  GROUP BY 1, 2, 3, 4`;

const countedOfADate = (asOf: Date): string => `${ofADate(ENDS.up, asOf)} UNION ALL ${ofADate(ENDS.down, asOf)}`;

/** The node of an entity, or undefined where no edge ever named it. */
export async function nodeOf(database: Database, entityId: string): Promise<string | undefined> {
  const [row] = await query<{ id: string }>(database, 'SELECT id FROM lineage_node WHERE entity_id = ?', [entityId]);
  return row?.id;
}
