import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { type FoundColumn, type FoundEdge, replaceEdges, tellSearch } from '../store/record-edges.js';
import { isDirect } from './column-facet.js';

/**
 * Makes the edges of jobs those of what their events said, between what the names in them stand for now. Nothing is drawn
 * between two things of other workspaces: a workspace speaks of what it has.
 */
export async function drawJobs(transaction: Database, processIds: readonly string[]): Promise<void> {
  if (processIds.length === 0) return;
  await endEdges(transaction, processIds);
  const flows = await query<{ processId: string; upstream: string; downstream: string; columns: FoundColumn[] | null }>(
    transaction,
    `SELECT f.process_id AS "processId", u.node_id AS upstream, d.node_id AS downstream, f.columns
     FROM lineage_job_flow f
     JOIN lineage_dataset u ON u.id = f.upstream
     JOIN lineage_dataset d ON d.id = f.downstream
     WHERE f.process_id = ANY(?::bigint[]) AND f.ended_at IS NULL AND u.node_id <> d.node_id
       AND NOT (u.borrowed AND d.borrowed)
     ORDER BY 1, 2, 3`,
    [[...processIds]],
  );
  const edges = new Map<string, FoundEdge>();
  for (const { columns, ...ends } of flows) {
    const key = `${ends.processId} ${ends.upstream} ${ends.downstream}`;
    // Where no event told of columns, values may well come along it.
    const direct = columns === null || isDirect(columns);
    const before = edges.get(key);
    edges.set(key, {
      ...ends,
      direct: direct || before?.direct === true,
      columns: onceEach([...(before?.columns ?? []), ...(columns ?? [])]),
    });
  }
  await replaceEdges(transaction, processIds, [...edges.values()]);
  await shareVisibility(transaction, processIds);
}

/** What jobs no longer move ended with the run that showed it, and not only when that came to be known. */
async function endEdges(transaction: Database, processIds: readonly string[]): Promise<void> {
  const ended = await query<{ upstream: string; downstream: string }>(
    transaction,
    `UPDATE lineage_edge l
     SET valid_to = greatest(l.valid_from, least(now(), e.at))
     FROM (
       SELECT f.process_id, u.node_id AS upstream, d.node_id AS downstream, max(f.ended_at) AS at
       FROM lineage_job_flow f
       JOIN lineage_dataset u ON u.id = f.upstream
       JOIN lineage_dataset d ON d.id = f.downstream
       WHERE f.process_id = ANY(?::bigint[])
       GROUP BY 1, 2, 3
       HAVING bool_and(f.ended_at IS NOT NULL)
     ) e
     WHERE (l.process_id, l.upstream, l.downstream) = (e.process_id, e.upstream, e.downstream) AND l.valid_to IS NULL
     RETURNING l.upstream, l.downstream`,
    [[...processIds]],
  );
  await tellSearch(transaction, ended);
}

function onceEach(columns: readonly FoundColumn[]): FoundColumn[] {
  const key = ({ upstream, downstream, transformation }: FoundColumn) =>
    [upstream, downstream, transformation].join('\n');
  return [...new Map(columns.map((column) => [key(column), column])).values()];
}

/** What a job is called is shown to those who see a database that it is concerned with, the most hidden one. */
async function shareVisibility(transaction: Database, processIds: readonly string[]): Promise<void> {
  await query(
    transaction,
    `UPDATE lineage_process p
     SET collected_database_id = c.id
     FROM (
       SELECT DISTINCT ON (l.process_id) l.process_id, d.id
       FROM lineage_edge l
       JOIN lineage_node n ON n.id IN (l.upstream, l.downstream)
       JOIN entity e ON e.id = n.entity_id
       JOIN collected_database d ON d.id = e.collected_database_id
       WHERE l.process_id = ANY(?::bigint[]) AND l.valid_to IS NULL
       ORDER BY l.process_id, (d.visibility = 'workspace') DESC, d.id
     ) c
     WHERE p.id = c.process_id AND p.collected_database_id IS DISTINCT FROM c.id`,
    [[...processIds]],
  );
}

/** The jobs that named any of these data sets. */
export async function jobsNaming(transaction: Database, datasetIds: readonly string[]): Promise<string[]> {
  if (datasetIds.length === 0) return [];
  const rows = await query<{ id: string }>(
    transaction,
    `SELECT process_id AS id FROM lineage_job_flow WHERE upstream = ANY(:ids)
     UNION
     SELECT process_id FROM lineage_job_flow WHERE downstream = ANY(:ids)`,
    { ids: [...datasetIds] },
  );
  return rows.map(({ id }) => id);
}

/** Edges that runs used again. */
export async function markSeen(
  transaction: Database,
  seen: readonly { processId: string; upstream: string; downstream: string }[],
): Promise<void> {
  if (seen.length === 0) return;
  await query(
    transaction,
    `UPDATE lineage_edge l
     SET last_seen = now()
     FROM jsonb_to_recordset(?) AS g("processId" bigint, upstream bigint, downstream bigint)
     JOIN lineage_dataset u ON u.id = g.upstream
     JOIN lineage_dataset d ON d.id = g.downstream
     WHERE l.process_id = g."processId" AND l.upstream = u.node_id AND l.downstream = d.node_id AND l.valid_to IS NULL`,
    [JSON.stringify(seen)],
  );
}
