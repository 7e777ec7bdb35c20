import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import type { Failure } from '../runs/run-state.js';
import { storedFailure } from '../runs/stored-failure.js';

/** The most columns at once. */
export const MOST_COLUMNS = 100;
/** Characters of a value that are shown. */
export const SHOWN_LENGTH = 300;
/** Characters of a value that are read and looked through for what is to be masked. */
export const READ_LENGTH = 1_000;
/** Milliseconds that the statement may take at the source. */
export const STATEMENT_TIMEOUT_MS = 10_000;

export interface Preview {
  id: string;
  entityId: string;
  workspaceId: string;
  /** Who may read it, and nobody else. */
  requestedBy: string;
  status: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  worker: string | null;
  error: Failure | null;
  sealed: Buffer | null;
  createdAt: Date;
  endedAt: Date | null;
  expiresAt: Date;
}

/** Where the rows of a table are, for whoever is to read them. */
export interface PreviewOrder {
  dataSourceId: string;
  sourceType: string;
  database: string;
  schema: string | null;
  table: string;
  columns: string[] | null;
  rows: number;
}

/** Where a preview of a table would be made. @throws NotFound when there is no such living table */
export async function previewPlace(
  database: Database,
  entityId: string,
): Promise<{ dataSourceId: string; dataSourceName: string; sourceType: string; resourceGroupId: string }> {
  const [place] = await query<Awaited<ReturnType<typeof previewPlace>>>(
    database,
    `SELECT s.id AS "dataSourceId", s.name AS "dataSourceName", s.type AS "sourceType",
            c.resource_group_id AS "resourceGroupId"
       FROM entity e
       JOIN collected_database d ON d.id = e.collected_database_id AND d.retiring_at IS NULL
       JOIN crawler c ON c.id = d.crawler_id
       JOIN data_source s ON s.id = d.data_source_id
      WHERE e.id = ? AND e.kind = 'table' AND e.removed_at IS NULL`,
    [entityId],
  );
  if (place === undefined) throw new NotFound('table', entityId);
  return place;
}

export async function createPreview(
  database: Database,
  preview: {
    previewId: string;
    entityId: string;
    requestedBy: string;
    resourceGroupId: string;
    columns?: readonly string[];
    rows: number;
  },
): Promise<void> {
  await query(
    database,
    `INSERT INTO data_preview (id, entity_id, requested_by, resource_group_id, columns, row_limit)
     VALUES (:previewId, :entityId, :requestedBy, :resourceGroupId, :columns, :rows)`,
    { ...preview, columns: preview.columns === undefined ? null : JSON.stringify(preview.columns) },
  );
}

/**
 * Records that a worker took the preview up.
 * @returns what to read; undefined when it has ended or expired, or its table has left the map: then nothing is to be read
 */
export async function takePreview(
  database: Database,
  previewId: string,
  worker: string,
): Promise<PreviewOrder | undefined> {
  const [order] = await query<PreviewOrder>(
    database,
    `UPDATE data_preview p
        SET status = 'running', worker = :worker
       FROM entity e
       JOIN collected_database d ON d.id = e.collected_database_id AND d.retiring_at IS NULL
      WHERE p.id = :previewId AND p.status IN ('queued', 'running') AND p.expires_at > now()
        AND e.id = p.entity_id AND e.removed_at IS NULL
      RETURNING d.data_source_id AS "dataSourceId", d.source_type AS "sourceType", d.name AS database,
                e.schema_name AS schema, e.name AS table, p.columns, p.row_limit AS rows`,
    { previewId, worker },
  );
  return order;
}

/** Ends a preview with its rows, which are kept for ten minutes from now. One that ended or expired gets none. */
export async function finishPreview(
  database: Database,
  previewId: string,
  result: { sealed: Buffer; rows: number },
): Promise<void> {
  await query(
    database,
    `UPDATE data_preview
        SET status = 'done', sealed = :sealed, row_count = :rows, ended_at = now(),
            expires_at = now() + interval '10 minutes'
      WHERE id = :previewId AND status IN ('queued', 'running') AND expires_at > now()`,
    { previewId, ...result },
  );
}

/** Ends a preview without rows. One that ended keeps its ending. */
export async function endPreview(
  database: Database,
  previewId: string,
  ending: { status: 'failed' | 'cancelled'; failure?: Failure },
): Promise<void> {
  await query(
    database,
    `UPDATE data_preview SET status = :status, error = :error, ended_at = now()
      WHERE id = :previewId AND status IN ('queued', 'running')`,
    {
      previewId,
      status: ending.status,
      error: ending.failure === undefined ? null : JSON.stringify(storedFailure(ending.failure)),
    },
  );
}

/** A preview of this person's that has not expired. @throws NotFound otherwise, without telling which */
export async function getPreview(database: Database, previewId: string, personId: string): Promise<Preview> {
  const [row] = await query<Preview>(
    database,
    `SELECT p.id, p.entity_id AS "entityId", d.workspace_id AS "workspaceId", p.requested_by AS "requestedBy", p.status,
            p.worker, p.error, p.sealed, p.created_at AS "createdAt", p.ended_at AS "endedAt",
            p.expires_at AS "expiresAt"
       FROM data_preview p
       JOIN entity e ON e.id = p.entity_id
       JOIN collected_database d ON d.id = e.collected_database_id
      WHERE p.id = ? AND p.requested_by = ? AND p.expires_at > now()`,
    [previewId, personId],
  );
  if (row === undefined) throw new NotFound('preview', previewId);
  return row;
}

/**
 * Notes that the rows are being handed out, together with what `record` writes, once.
 * @param record writes the audit event, in the same transaction
 */
export async function noteRead(
  database: Database,
  previewId: string,
  record: (transaction: Database) => Promise<void>,
): Promise<void> {
  await database.transaction(async (transaction) => {
    const first = await query(
      transaction,
      `UPDATE data_preview SET read_at = now() WHERE id = ? AND read_at IS NULL RETURNING id`,
      [previewId],
    );
    if (first.length > 0) await record(transaction);
  });
}

/** Deletes previews that expired; returns how many. */
export async function dropExpiredPreviews(database: Database): Promise<number> {
  const dropped = await query(database, `DELETE FROM data_preview WHERE expires_at <= now() RETURNING id`, []);
  return dropped.length;
}
