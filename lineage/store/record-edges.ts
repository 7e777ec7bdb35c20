import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** One edge as a process has it now. Ids are decimal text; nodes are those of `lineage_node`. */
export interface FoundEdge {
  processId: string;
  upstream: string;
  downstream: string;
  /** False where the upstream only decides which rows there are. */
  direct: boolean;
  columns: FoundColumn[];
}

export interface FoundColumn {
  upstream: string;
  /** Empty for an indirect use, which concerns every column. */
  downstream: string;
  transformation: string;
}

/**
 * Makes the edges of these processes exactly the ones found, in a few statements for all of them: what is as before is
 * seen again, what differs or is gone ends now, what is new begins now. Repeating it changes nothing.
 *
 * An edge from a node to itself is left out, and so is the second of two of the same nodes and process.
 * @param processIds those without an edge among `edges` lose all of theirs
 */
export async function replaceEdges(
  database: Database,
  processIds: readonly string[],
  edges: readonly FoundEdge[],
): Promise<{ begun: number; ended: number }> {
  const found = edges.filter(({ upstream, downstream }) => upstream !== downstream).map(withSortedColumns);
  return database.transaction(async (transaction) => {
    // Two writers of one process wait for one another instead of meeting at its unique edges.
    await query(transaction, 'SELECT id FROM lineage_process WHERE id = ANY(?::bigint[]) ORDER BY id FOR UPDATE', [
      [...processIds],
    ]);
    await query(transaction, FOUND, [JSON.stringify(found)]);
    const ended = await query<Ends>(
      transaction,
      `UPDATE lineage_edge e
       SET valid_to = now()
       WHERE e.process_id = ANY(?::bigint[]) AND e.valid_to IS NULL AND NOT EXISTS (
         SELECT 1
         FROM found_edge f
         WHERE (f.process_id, f.upstream, f.downstream, f.digest) = (e.process_id, e.upstream, e.downstream, e.digest)
       )
       RETURNING e.upstream, e.downstream`,
      [[...processIds]],
    );
    await query(transaction, SEE_AGAIN, [[...processIds]]);
    await tellSearch(transaction, ended);
    const [begun] = await query<{ edges: number }>(transaction, BEGIN);
    await query(transaction, 'DROP TABLE found_edge');
    return { begun: begun?.edges ?? 0, ended: ended.length };
  });
}

const FOUND = `
  CREATE TEMPORARY TABLE found_edge ON COMMIT DROP AS
  SELECT DISTINCT ON ("processId", upstream, downstream)
         "processId" AS process_id, upstream, downstream, direct, columns,
         sha256(convert_to(direct || columns::text, 'UTF8')) AS digest
  FROM jsonb_to_recordset(?::jsonb)
    AS f("processId" bigint, upstream bigint, downstream bigint, direct boolean, columns jsonb)
  ORDER BY "processId", upstream, downstream, direct DESC`;

/**
 * What is left after it is new: nothing of what is as before is looked up once more. The processes are named again so that what
 * is open is read by process, and not looked for by every edge that was found.
 */
const SEE_AGAIN = `
  WITH seen AS (
    UPDATE lineage_edge e
    SET last_seen = now()
    FROM found_edge f
    WHERE e.process_id = ANY(?::bigint[]) AND e.valid_to IS NULL
      AND (e.process_id, e.upstream, e.downstream) = (f.process_id, f.upstream, f.downstream)
    RETURNING e.process_id, e.upstream, e.downstream
  )
  DELETE FROM found_edge f
  USING seen s
  WHERE (f.process_id, f.upstream, f.downstream) = (s.process_id, s.upstream, s.downstream)`;

/**
 * Each node is looked up once and by itself, where a join would go through all nodes that there are. Nothing is in the way of a
 * new edge: its process is locked, and what was open between its nodes was seen again or ended. Search is told as by `tellSearch`.
 */
const BEGIN = `
  WITH node AS MATERIALIZED (
    SELECT w.id, e.entity_id, e.collected_database_id
    FROM (SELECT upstream AS id FROM found_edge UNION SELECT downstream FROM found_edge) w
    CROSS JOIN LATERAL (
      SELECT n.entity_id, e.collected_database_id
      FROM lineage_node n
      LEFT JOIN entity e ON e.id = n.entity_id
      WHERE n.id = w.id
      LIMIT 1
    ) e
  ), begun AS (
    INSERT INTO lineage_edge (upstream, downstream, process_id, direct, digest, upstream_database_id,
                              downstream_database_id)
    SELECT f.upstream, f.downstream, f.process_id, f.direct, f.digest, u.collected_database_id, d.collected_database_id
    FROM found_edge f
    JOIN node u ON u.id = f.upstream
    JOIN node d ON d.id = f.downstream
    RETURNING id, process_id, upstream, downstream
  ), of_columns AS (
    INSERT INTO lineage_column_edge (edge_id, upstream_column, downstream_column, transformation)
    SELECT b.id, c.upstream, c.downstream, c.transformation
    FROM begun b
    JOIN found_edge f USING (process_id, upstream, downstream)
    CROSS JOIN jsonb_to_recordset(f.columns) AS c(upstream text, downstream text, transformation text)
    WHERE f.columns <> '[]'
    ON CONFLICT DO NOTHING
  ), told AS (
    INSERT INTO search_outbox (entity_id)
    SELECT entity_id FROM node WHERE entity_id IS NOT NULL
  )
  SELECT count(*)::int AS edges FROM begun`;

/** The nodes of an edge. */
interface Ends {
  upstream: string;
  downstream: string;
}

/**
 * What has lineage is found by that, so search is told of every entity whose edges began or ended. Without a crawler: no run
 * waits for it.
 */
export async function tellSearch(transaction: Database, edges: readonly Ends[]): Promise<void> {
  if (edges.length === 0) return;
  const nodes = new Set(edges.flatMap(({ upstream, downstream }) => [upstream, downstream]));
  await query(
    transaction,
    `INSERT INTO search_outbox (entity_id)
     SELECT entity_id
     FROM lineage_node
     WHERE id = ANY(?::bigint[]) AND entity_id IS NOT NULL`,
    [[...nodes]],
  );
}

/** In one order whatever order they were found in: the digest is taken of them. */
function withSortedColumns(edge: FoundEdge): FoundEdge {
  const key = ({ upstream, downstream, transformation }: FoundColumn) =>
    JSON.stringify([downstream, upstream, transformation]);
  return { ...edge, columns: [...edge.columns].sort((a, b) => (key(a) < key(b) ? -1 : 1)) };
}
