import type { PoolClient } from 'pg';

/**
 * Deletes entities and all that hangs on them, and tells search of those it may hold. Set by set, in the caller's
 * transaction; readers are not kept waiting, since nothing but the rows themselves is locked.
 */
export async function deleteEntities(
  client: PoolClient,
  crawlerId: string | null,
  ids: readonly string[],
): Promise<void> {
  await client.query(
    `INSERT INTO search_outbox (entity_id, crawler_id)
     SELECT id, $1 FROM entity WHERE id = ANY($2::bigint[]) AND removed_at IS NULL`,
    [crawlerId, ids],
  );
  for (const table of ['source_object', 'run_change', 'table_partition', 'entity_version', 'query_table']) {
    await client.query(`DELETE FROM ${table} WHERE entity_id = ANY($1::bigint[])`, [ids]);
  }
  // Edges go with their node or process.
  await client.query(`DELETE FROM lineage_process WHERE kind = 'view' AND entity_id = ANY($1::bigint[])`, [ids]);
  await client.query('DELETE FROM lineage_node WHERE entity_id = ANY($1::bigint[])', [ids]);
  await client.query(`DELETE FROM entity WHERE id = ANY($1::bigint[])`, [ids]);
}
