import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** Whoever counts does so alone. */
const TURN = 7_329;
/** Pairs of nodes counted in one transaction. */
const BATCH = 20_000;

/**
 * Counts the neighbours that came or went since they were last counted. Readers take what is not counted yet from the edges
 * themselves, so this changes no answer: it keeps answers fast. Returns at once where another counts.
 */
export async function countNeighbours(database: Database, signal?: AbortSignal): Promise<void> {
  while (signal?.aborted !== true && (await anyChanged(database)) && (await countBatch(database)));
}

async function anyChanged(database: Database): Promise<boolean> {
  const [found] = await query<{ changed: boolean }>(
    database,
    'SELECT EXISTS (SELECT FROM lineage_degree_change) AS changed',
  );
  return found?.changed === true;
}

function countBatch(database: Database): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const [turn] = await query<{ taken: boolean }>(transaction, 'SELECT pg_try_advisory_xact_lock(?) AS taken', [TURN]);
    if (turn?.taken !== true) return false;
    await query(transaction, COUNT, { limit: BATCH });
    return true;
  });
}

/**
 * Notes of changes in `c`, summed for each pair, as neighbours that came (1) or went (-1): how many edges there are is asked
 * of the edges, and how many there were follows from that. Holds only where all notes of a pair are summed that the
 * statement can see, and where the statement counts the edges too.
 */
export const turned = (pair: string): string => `
  SELECT p.*, (open.edges > 0)::integer - (open.edges > p.edges)::integer AS neighbours
  FROM (${pair}) p
  CROSS JOIN LATERAL (
    SELECT count(*) AS edges
    FROM lineage_edge l
    WHERE l.upstream = p.upstream AND l.downstream = p.downstream AND l.valid_to IS NULL
  ) open`;

/** One statement, because what is noted and what the edges are must be of the same moment. */
const COUNT = `
  WITH batch AS MATERIALIZED (
    SELECT upstream, downstream FROM lineage_degree_change ORDER BY upstream, downstream LIMIT :limit
  ), taken AS (
    DELETE FROM lineage_degree_change c
    WHERE (c.upstream, c.downstream) IN (SELECT upstream, downstream FROM batch)
    RETURNING c.*
  ), turned AS (
    ${turned(`
      SELECT upstream, downstream, upstream_database_id, downstream_database_id, upstream_workspace_id,
             downstream_workspace_id, sum(edges) AS edges
      FROM taken
      GROUP BY 1, 2, 3, 4, 5, 6`)}
  ), change AS (
    SELECT node, downstream, database_id, workspace_id, sum(neighbours) AS neighbours
    FROM (
      SELECT upstream AS node, true AS downstream, downstream_database_id AS database_id,
             downstream_workspace_id AS workspace_id, neighbours
      FROM turned
      UNION ALL
      SELECT downstream, false, upstream_database_id, upstream_workspace_id, neighbours
      FROM turned
    ) side
    GROUP BY 1, 2, 3, 4
    HAVING sum(neighbours) <> 0
  )
  MERGE INTO lineage_degree d
  USING change c
     ON d.node = c.node AND d.downstream = c.downstream
    AND coalesce(d.database_id, 0) = coalesce(c.database_id, 0)
    AND coalesce(d.workspace_id, '00000000-0000-0000-0000-000000000000')
        = coalesce(c.workspace_id, '00000000-0000-0000-0000-000000000000')
  WHEN MATCHED AND d.neighbours + c.neighbours = 0 THEN DELETE
  WHEN MATCHED THEN UPDATE SET neighbours = d.neighbours + c.neighbours
  WHEN NOT MATCHED THEN INSERT VALUES (c.node, c.downstream, c.database_id, c.workspace_id, c.neighbours)`;
