import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { drawJobs, jobsNaming } from './draw-jobs.js';
import { KNOWN, resolveDatasets } from './resolve-datasets.js';
import { inTurn } from './turns.js';

/**
 * Looks again for what some of the names stand for that may have come or changed, and draws the edges of their jobs again.
 * Returns whether there may be more.
 */
export async function lookAgain(database: Database, limit: number): Promise<boolean> {
  const more = await inTurn(database, async (transaction) => {
    const rows = await query<{ id: string }>(
      transaction,
      'SELECT id FROM lineage_dataset WHERE look_again OR node_id IS NULL ORDER BY id LIMIT ?',
      [limit],
    );
    const ids = rows.map(({ id }) => id);
    const moved = await resolveDatasets(transaction, ids);
    await drawJobs(transaction, await jobsNaming(transaction, moved));
    return ids.length === limit;
  });
  return more === true;
}

/** A run may have brought what names stood for nothing, or put something new in the place of what was removed. */
export async function lookAgainAfterRun(database: Database, runId: string): Promise<void> {
  await query(
    database,
    `WITH known AS (${KNOWN}), here AS (
       SELECT DISTINCT k.namespace
       FROM known k
       JOIN data_source s ON s.type = k.type AND s.instance = k.instance
       JOIN crawler c ON c.data_source_id = s.id
       JOIN crawl_run r ON r.crawler_id = c.id
       WHERE r.id = ?
     ), named AS (
       SELECT s.id FROM lineage_dataset s JOIN here USING (namespace)
       UNION
       SELECT y.dataset_id FROM lineage_symlink y JOIN here USING (namespace)
     )
     UPDATE lineage_dataset s
     SET look_again = true
     FROM named m
     WHERE s.id = m.id AND NOT s.look_again AND (NOT s.known OR EXISTS (
       SELECT
       FROM lineage_node n
       JOIN entity e ON e.id = n.entity_id
       WHERE n.id = s.node_id AND e.removed_at IS NOT NULL
     ))`,
    [runId],
  );
}

/** What a namespace means has changed: nothing that it stood for holds. */
export async function lookAgainForNamespace(database: Database, namespace: string): Promise<void> {
  await query(
    database,
    `UPDATE lineage_dataset s
     SET look_again = true, known = false
     WHERE s.namespace = :namespace
        OR s.id IN (SELECT dataset_id FROM lineage_symlink WHERE namespace = :namespace)`,
    { namespace },
  );
}

/** What was public within the tenant and no longer is has nothing to do with the events of other workspaces. */
export async function giveBackBorrowed(database: Database): Promise<void> {
  await query(
    database,
    `UPDATE lineage_dataset s
     SET look_again = true, known = false
     FROM lineage_node n
     JOIN entity e ON e.id = n.entity_id
     JOIN collected_database d ON d.id = e.collected_database_id
     WHERE s.borrowed AND s.known AND n.id = s.node_id AND (d.visibility <> 'tenant' OR d.retiring_at IS NOT NULL)`,
  );
}
