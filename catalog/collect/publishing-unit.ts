import type { PoolClient } from 'pg';
import { DatabaseLeftScope, RunEnded } from '../runs/errors.js';
import type { Receipt } from './receipt.js';
import type { RemovalPlan } from './removals.js';

/** Which unit of which run. */
export interface UnitKey {
  runId: string;
  unit: number;
}

/** What publishing has done to tables so far: kept on the unit and moved in the transaction of each page. */
export interface PublishedCounts {
  added: number;
  changed: number;
  removed: number;
  restored: number;
  held: number;
}

/** A unit that was collected, locked for the rest of the transaction. */
export interface PublishingUnit {
  status: 'collected' | 'publishing' | 'done' | 'partial';
  /** `removals` is decided once, when publishing begins; `holdId` is where it puts what it holds. */
  receipt: Receipt & { removals?: RemovalPlan; holdId?: string };
  counts: PublishedCounts;
  collectedDatabaseId: string;
  crawlerId: string;
}

/**
 * Locks a unit, so that two attempts never merge at once and neither merges for a run that has ended: who ends a run
 * ends its units, and waits for this lock.
 * @throws RunEnded when the unit is not there to be published; DatabaseLeftScope when its database is not collected
 *   any more
 */
export async function lockUnit(client: PoolClient, { runId, unit }: UnitKey): Promise<PublishingUnit> {
  const { rows } = await client.query<{
    status: string;
    receipt: PublishingUnit['receipt'] | null;
    counts: Partial<PublishedCounts>;
    database_name: string;
    collected_database_id: string | null;
    crawler_id: string | null;
  }>(
    `SELECT u.status, u.receipt, u.counts, u.database_name, d.id AS collected_database_id, d.crawler_id
     FROM crawl_unit u
     LEFT JOIN collected_database d ON d.id = u.collected_database_id AND d.retiring_at IS NULL
     WHERE u.run_id = $1 AND u.unit = $2
     FOR UPDATE OF u`,
    [runId, unit],
  );
  const row = rows[0];
  if (row === undefined || row.receipt === null || !isPublishable(row.status)) throw new RunEnded(runId);
  if (row.collected_database_id === null || row.crawler_id === null) throw new DatabaseLeftScope(row.database_name);
  return {
    status: row.status,
    receipt: row.receipt,
    counts: { added: 0, changed: 0, removed: 0, restored: 0, held: 0, ...row.counts },
    collectedDatabaseId: row.collected_database_id,
    crawlerId: row.crawler_id,
  };
}

function isPublishable(status: string): status is PublishingUnit['status'] {
  return status === 'collected' || status === 'publishing' || status === 'done' || status === 'partial';
}
