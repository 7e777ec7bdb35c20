import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';

import { markDue } from '../describing/queue.js';
import { queueDeliveries } from '../webhooks/deliveries.js';
import type { Failure, FinalStatus, RunCounts } from './run-state.js';
import { storedFailure } from './stored-failure.js';
import { endUnfinishedUnits } from './units.js';

export interface ClosedRun {
  runId: string;
  status: FinalStatus;
  counts: RunCounts;
}

/**
 * Ends a run: totals of its units, its cost, its end. Repeatable: a run that ended keeps its first ending.
 *
 * Cost in CU hours is what one task of the group took when the run opened, times the run's time.
 * @throws NotFound when there is no such run
 */
export async function closeRun(
  database: Database,
  run: { runId: string; status: Exclude<FinalStatus, 'skipped'>; error?: Failure },
): Promise<ClosedRun> {
  return database.transaction(async (transaction) => {
    // No stronger a lock than an update takes: a page that records problems of the run refers to its key meanwhile.
    const open = await query(
      transaction,
      `SELECT 1 FROM crawl_run WHERE id = ? AND status IN ('queued', 'running', 'stopping') FOR NO KEY UPDATE`,
      [run.runId],
    );
    if (open.length > 0) {
      await endUnfinishedUnits(transaction, run.runId);
      await query(
        transaction,
        `UPDATE crawl_run
            SET status = :status,
                ended_at = now(),
                cu_hours = coalesce(cu * extract(epoch FROM now() - started_at) / 3600, 0),
                counts = :counts,
                error = :error
          WHERE id = :runId`,
        {
          runId: run.runId,
          status: run.status,
          counts: JSON.stringify(await countRun(transaction, run.runId)),
          error: run.error === undefined ? null : JSON.stringify(storedFailure(run.error)),
        },
      );
      await queueDeliveries(transaction, run.runId);
      await markDue(transaction, run.runId);
    }
    const [row] = await query<{ status: FinalStatus; counts: RunCounts }>(
      transaction,
      'SELECT status, counts FROM crawl_run WHERE id = ?',
      [run.runId],
    );
    if (row === undefined) throw new NotFound('run', run.runId);
    return { runId: run.runId, ...row };
  });
}

/** The totals of a run, open or ended, from its rows. */
export async function countRun(database: Database, runId: string): Promise<RunCounts> {
  const [row] = await query<Record<keyof RunCounts, string>>(
    database,
    `SELECT u.*, m.columns, m.partitions,
            (SELECT count(*) FROM crawl_problem p WHERE p.run_id = :runId) AS problems
       FROM (SELECT count(*) FILTER (WHERE status IN ('planned', 'done', 'partial')) AS databases,
                    coalesce(sum((counts ->> 'tables')::bigint), 0)    AS tables,
                    coalesce(sum((counts ->> 'added')::bigint), 0)     AS added,
                    coalesce(sum((counts ->> 'changed')::bigint), 0)   AS changed,
                    coalesce(sum((counts ->> 'removed')::bigint), 0)   AS removed,
                    coalesce(sum((counts ->> 'restored')::bigint), 0)  AS restored,
                    coalesce(sum((counts ->> 'unchanged')::bigint), 0) AS unchanged,
                    coalesce(sum((counts ->> 'held')::bigint), 0)      AS held
               FROM crawl_unit
              WHERE run_id = :runId) u,
            (SELECT coalesce(sum(e.column_count), 0) AS columns, coalesce(sum(p.partitions), 0) AS partitions
               FROM crawl_unit c
               JOIN entity e ON e.collected_database_id = c.collected_database_id
                AND e.kind = 'table' AND e.removed_at IS NULL
               -- Counted for the run's own tables, by index: the partitions of all others are none of its business.
               LEFT JOIN LATERAL (
                 SELECT count(*) AS partitions
                 FROM table_partition
                 WHERE entity_id = e.id AND e.partition_hash IS NOT NULL
               ) p ON true
              WHERE c.run_id = :runId AND c.status IN ('done', 'partial')) m`,
    { runId },
  );
  if (row === undefined) throw new NotFound('run', runId);
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])) as unknown as RunCounts;
}
