import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { allLeaving, type LeavingDatabase } from '../retire/leaving.js';
import type { Failure } from '../runs/run-state.js';
import { storedFailure } from '../runs/stored-failure.js';
import { OPERATION_COLUMNS, type Operation, type OperationKind } from './operation.js';

/**
 * Asks for an operation, in the transaction that makes it necessary: the one that is open of this crawler and kind,
 * which takes the databases over as well, or a new one. The crawler's row is locked by the caller.
 */
export async function requestOperation(
  transaction: Database,
  request: {
    kind: OperationKind;
    crawler: { id: string; name: string; workspaceId: string };
    leaving: readonly LeavingDatabase[];
    requestedBy?: string | undefined;
  },
): Promise<Operation> {
  const { kind, crawler } = request;
  const [open] = await query<Operation>(
    transaction,
    `SELECT ${OPERATION_COLUMNS}
       FROM operation o
      WHERE o.crawler_id = ? AND o.kind = ? AND o.status IN ('queued', 'running')
      FOR UPDATE`,
    [crawler.id, kind],
  );
  if (open !== undefined && request.leaving.length === 0) return open;
  const before = open?.removes.databases.filter(({ id }) => request.leaving.every((added) => added.id !== id)) ?? [];
  const removes = JSON.stringify(allLeaving([...before, ...request.leaving]));
  const rows =
    open === undefined
      ? await query<Operation>(
          transaction,
          `INSERT INTO operation AS o (kind, crawler_id, crawler_name, workspace_id, removes, requested_by)
           VALUES (:kind, :crawlerId, :crawlerName, :workspaceId, :removes, :requestedBy)
           RETURNING ${OPERATION_COLUMNS}`,
          {
            kind,
            crawlerId: crawler.id,
            crawlerName: crawler.name,
            workspaceId: crawler.workspaceId,
            removes,
            requestedBy: request.requestedBy ?? null,
          },
        )
      : await query<Operation>(
          transaction,
          `UPDATE operation o SET removes = :removes, cleared_at = NULL WHERE o.id = :id RETURNING ${OPERATION_COLUMNS}`,
          { id: open.id, removes },
        );
  return rows[0] as Operation;
}

/** A deletion takes over what a narrowed scope had left to do, in the caller's transaction. */
export async function supersedeNarrowing(transaction: Database, crawlerId: string): Promise<void> {
  await query(
    transaction,
    `UPDATE operation SET status = 'superseded', ended_at = now()
      WHERE crawler_id = ? AND kind = 'narrow_scope' AND status IN ('queued', 'running')`,
    [crawlerId],
  );
}

/**
 * Ends narrowings whose databases have left the map, once search has been told: nothing that they put into the outbox
 * is left there.
 * @param crawlerId of this crawler only
 */
export async function endClearedNarrowings(database: Database, crawlerId?: string): Promise<void> {
  await query(
    database,
    `UPDATE operation o SET status = 'done', error = NULL, ended_at = now()
      WHERE o.kind = 'narrow_scope' AND o.status IN ('queued', 'running') AND o.cleared_at IS NOT NULL
        AND (:crawlerId::uuid IS NULL OR o.crawler_id = :crawlerId::uuid)
        AND NOT EXISTS (
              SELECT 1 FROM search_outbox s WHERE s.crawler_id = o.crawler_id AND s.enqueued_at <= o.cleared_at)`,
    { crawlerId: crawlerId ?? null },
  );
}

/** Says why a step of a crawler's operations failed. The step is tried again, and its next batch takes this back. */
export async function noteOperationFailure(database: Database, crawlerId: string, failure: Failure): Promise<void> {
  await query(
    database,
    `UPDATE operation SET error = :error WHERE crawler_id = :crawlerId AND status IN ('queued', 'running')`,
    { crawlerId, error: JSON.stringify(storedFailure(failure)) },
  );
}
