import type { PoolClient } from 'pg';
import { tellOfTables } from './tell-of-tables.js';

/** What changed the map when no run did. */
export type Cause = 'scope-narrowed' | 'crawler-deleted' | 'removal-approved' | 'restored';

/**
 * Tells whoever follows events, and webhooks, of tables of one database that left the map or came back to it outside of any
 * run. In the transaction that does it: neither is there without the other.
 */
export async function tellOutsideOfRuns(
  client: PoolClient,
  { databaseId, crawlerId, cause }: { databaseId: string; crawlerId: string; cause: Cause },
  change: 'removed' | 'restored',
  tableIds: readonly string[],
): Promise<void> {
  const changes = tableIds.map((entityId) => ({ entityId, kind: 'table', change }));
  await tellOfTables(client, databaseId, { crawlerId, runId: null }, changes);
  await tellWebhooks(client, { crawlerId, cause }, change, tableIds);
}

/** The same for webhooks alone, of tables of any of a crawler's databases. Where no webhook wants it nothing is written. */
export async function tellWebhooks(
  client: PoolClient,
  { crawlerId, cause }: { crawlerId: string; cause: Cause },
  change: 'removed' | 'restored',
  tableIds: readonly string[],
): Promise<void> {
  if (tableIds.length === 0) return;
  await client.query(QUEUE, [
    crawlerId,
    cause,
    change === 'removed' ? 'table.removed' : 'table.added',
    change,
    tableIds,
  ]);
}

/** $1 crawler, $2 cause, $3 the event that webhooks know it as, $4 change, $5 tables. */
const QUEUE = `
  WITH wanting AS (
    SELECT w.id
    FROM crawler c
    JOIN webhook w ON w.workspace_id = c.workspace_id AND (w.crawler_id IS NULL OR w.crawler_id = c.id)
    WHERE c.id = $1::uuid AND $3 = ANY (w.events)
  ), batch AS (
    INSERT INTO change_batch (crawler_id, cause)
    SELECT $1::uuid, $2
    WHERE EXISTS (SELECT FROM wanting)
    RETURNING id
  ), filled AS (
    INSERT INTO change_batch_entity (batch_id, entity_id, change)
    SELECT b.id, t.id, $4
    FROM batch b
    CROSS JOIN unnest($5::bigint[]) AS t (id)
  )
  INSERT INTO webhook_delivery (webhook_id, batch_id)
  SELECT w.id, b.id
  FROM wanting w
  CROSS JOIN batch b
  ORDER BY w.id`;
