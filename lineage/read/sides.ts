import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { type DescribedNode, describeNodes } from './describe.js';
import type { JobReader } from './jobs.js';

/** What a run or a job reads or writes. */
export interface Side {
  datasets: DescribedNode[];
  /** There is something that the reader may not see, at least one. */
  restricted: boolean;
  /** There are more than are shown. */
  truncated: boolean;
}

/**
 * What runs or jobs read and wrote, of which what may not be seen is only told to be there.
 * @param asked.told a query for `id`, `output` and `dataset_id`, of those with `:ids`
 * @param asked.most data sets of a side
 */
export async function sidesOf(
  database: Database,
  { told, ids, most }: { told: string; ids: readonly string[]; most: number },
  { visible, outside }: JobReader,
): Promise<(id: string, output: boolean) => Side> {
  const rows = await query<{ id: string; output: boolean; nodes: string[]; restricted: boolean; truncated: boolean }>(
    database,
    `SELECT id, output, bool_or(NOT shown) AS restricted, count(*) FILTER (WHERE shown) > :most AS truncated,
            coalesce((array_agg(node_id::text ORDER BY node_id) FILTER (WHERE shown))[1 : CAST(:most AS int)], '{}') AS nodes
     FROM (
       SELECT DISTINCT o.id, o.output, s.node_id,
              CASE WHEN n.entity_id IS NULL THEN (:outside) ELSE coalesce((:visible), false) END AS shown
       FROM (${told}) o
       JOIN lineage_dataset s ON s.id = o.dataset_id
       -- One without a node was made just now, and is not looked for yet.
       JOIN lineage_node n ON n.id = s.node_id
       LEFT JOIN entity e ON e.id = n.entity_id
       LEFT JOIN collected_database d ON d.id = e.collected_database_id
     ) told
     GROUP BY id, output`,
    { ids: [...ids], visible, outside, most },
  );
  const described = new Map(
    (await describeNodes(database, [...new Set(rows.flatMap(({ nodes }) => nodes))])).map((node) => [node.node, node]),
  );
  return (id, output) => {
    const side = rows.find((row) => row.id === id && row.output === output);
    return {
      datasets: side?.nodes.flatMap((node) => described.get(node) ?? []) ?? [],
      restricted: side?.restricted ?? false,
      truncated: side?.truncated ?? false,
    };
  };
}
