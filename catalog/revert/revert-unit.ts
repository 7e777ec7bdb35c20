import type { PoolClient } from 'pg';
import type { PublishedCounts, UnitKey } from '../collect/publishing-unit.js';
import { DatabaseLeftScope, RunEnded } from '../runs/errors.js';

/** A unit of a run that reverts, locked for the rest of the transaction. */
export interface RevertingUnit {
  status: 'pending' | 'publishing' | 'done' | 'partial';
  /** The run that is reverted. */
  ofRunId: string;
  collectedDatabaseId: string;
  crawlerId: string;
  /** Where the last batch came to: a pass and an entity. */
  at: { pass: number; after: string };
  counts: PublishedCounts;
}

/**
 * Locks a unit and its database, for whoever else writes to that map; who ends the run ends its units, and waits.
 * @throws RunEnded when the unit is not there to be worked on; DatabaseLeftScope when its database is not collected
 */
export async function lockRevertingUnit(client: PoolClient, { runId, unit }: UnitKey): Promise<RevertingUnit> {
  const { rows } = await client.query<{
    status: string;
    cursor: string | null;
    counts: Partial<PublishedCounts>;
    database_name: string;
    of_run_id: string | null;
    collected_database_id: string | null;
    crawler_id: string;
  }>(
    `SELECT u.status, u.cursor, u.counts, u.database_name, r.of_run_id, d.id AS collected_database_id, r.crawler_id
     FROM crawl_unit u
     JOIN crawl_run r ON r.id = u.run_id AND r.trigger = 'revert'
     LEFT JOIN collected_database d ON d.id = u.collected_database_id AND d.retiring_at IS NULL
     WHERE u.run_id = $1 AND u.unit = $2
     FOR UPDATE OF u`,
    [runId, unit],
  );
  const row = rows[0];
  if (row === undefined || row.of_run_id === null || !isRevertible(row.status)) throw new RunEnded(runId);
  if (row.collected_database_id === null) throw new DatabaseLeftScope(row.database_name);
  await client.query(`SELECT 1 FROM collected_database WHERE id = $1 FOR UPDATE`, [row.collected_database_id]);
  const [pass = '0', after = '0'] = row.cursor?.split(':') ?? [];
  return {
    status: row.status,
    ofRunId: row.of_run_id,
    collectedDatabaseId: row.collected_database_id,
    crawlerId: row.crawler_id,
    at: { pass: Number(pass), after },
    counts: { added: 0, changed: 0, removed: 0, restored: 0, held: 0, ...row.counts },
  };
}

function isRevertible(status: string): status is RevertingUnit['status'] {
  return status === 'pending' || status === 'publishing' || status === 'done' || status === 'partial';
}
