import type { PoolClient } from 'pg';

/**
 * Locks a database of a scope against whoever begins to publish it, and against a collector that is about to read what
 * the catalog knows of it. @returns false when it is not there any more
 */
export async function lockDatabase(client: PoolClient, collectedDatabaseId: string): Promise<boolean> {
  const { rows } = await client.query(`SELECT 1 FROM collected_database WHERE id = $1 FOR UPDATE`, [
    collectedDatabaseId,
  ]);
  return rows.length > 0;
}

/** Whether an open run has a unit of the database in one of these states. To be asked with the database locked. */
export async function isBusy(
  client: PoolClient,
  collectedDatabaseId: string,
  statuses: readonly ('collecting' | 'collected' | 'publishing')[],
): Promise<boolean> {
  const { rows } = await client.query(
    `SELECT 1
     FROM collected_database d
     JOIN crawl_run r ON r.crawler_id = d.crawler_id AND r.status IN ('queued', 'running', 'stopping')
     JOIN crawl_unit u ON u.run_id = r.id AND u.collected_database_id = d.id
     WHERE d.id = $1 AND u.status = ANY($2)
     LIMIT 1`,
    [collectedDatabaseId, statuses],
  );
  return rows.length > 0;
}
