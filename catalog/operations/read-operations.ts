import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import { decodeCursor, type Page, pageOf, UUID } from '../model/cursor.js';
import { type VisibleWorkspaces, visibleBinding } from '../model/visible-workspaces.js';
import { OPERATION_COLUMNS, type Operation, type OperationKind } from './operation.js';

/** @throws NotFound */
export async function getOperation(database: Database, id: string): Promise<Operation> {
  const [operation] = await query<Operation>(database, `SELECT ${OPERATION_COLUMNS} FROM operation o WHERE o.id = ?`, [
    id,
  ]);
  if (operation === undefined) throw new NotFound('operation', id);
  return operation;
}

/** The operation of a crawler that is under way, a deletion before a narrowing; nothing when none is. */
export async function openOperationOf(database: Database, crawlerId: string): Promise<Operation | undefined> {
  const [operation] = await query<Operation>(
    database,
    `SELECT ${OPERATION_COLUMNS}
       FROM operation o
      WHERE o.crawler_id = ? AND o.status IN ('queued', 'running')
      ORDER BY o.kind = 'delete_crawler' DESC
      LIMIT 1`,
    [crawlerId],
  );
  return operation;
}

/** Lists operations, the last that was asked for first. @throws InvalidCursor */
export async function listOperations(
  database: Database,
  request: { visible: VisibleWorkspaces; crawlerId?: string | undefined; cursor?: string | undefined; limit: number },
): Promise<Page<Operation>> {
  const [after] = decodeCursor(request.cursor, [UUID]) ?? [];
  const rows = await query<Operation>(
    database,
    `SELECT ${OPERATION_COLUMNS}
       FROM operation o
      WHERE (:visible::uuid[] IS NULL OR o.workspace_id = ANY (:visible::uuid[]))
        AND (:crawlerId::uuid IS NULL OR o.crawler_id = :crawlerId::uuid)
        AND (:after::uuid IS NULL
          OR (o.requested_at, o.id) < (SELECT l.requested_at, l.id FROM operation l WHERE l.id = :after::uuid))
      ORDER BY o.requested_at DESC, o.id DESC
      LIMIT :limit + 1`,
    {
      visible: visibleBinding(request.visible),
      crawlerId: request.crawlerId ?? null,
      after: after ?? null,
      limit: request.limit,
    },
  );
  return pageOf(
    rows,
    request.limit,
    (row) => row,
    ({ id }) => [id],
  );
}

/** Operations that have not ended: asked of the engine again, each is the same operation. */
export async function openOperations(
  database: Database,
): Promise<{ kind: OperationKind; crawlerId: string; crawlerName: string }[]> {
  return query(
    database,
    `SELECT kind, crawler_id AS "crawlerId", crawler_name AS "crawlerName"
       FROM operation
      WHERE status IN ('queued', 'running')
      ORDER BY requested_at, id`,
  );
}
