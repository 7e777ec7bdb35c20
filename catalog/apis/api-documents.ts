import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { storedJson } from '../model/stored-text.js';
import { type VisibleWorkspaces, visibleBinding } from '../model/visible-workspaces.js';
import { type ApiOperation, type OpenApiDocument, operationsOf, serversOf } from './openapi-document.js';

/** A document that a workspace was given, without its text. */
export interface ApiDocument {
  id: string;
  workspaceId: string;
  name: string;
  title: string;
  apiVersion: string;
  /** The version of the specification, e.g. `3.1.0`. */
  openapi: string;
  description: string | null;
  servers: string[];
  operations: number;
  createdAt: Date;
  updatedAt: Date;
}

const COLUMNS = `
  d.id, d.workspace_id AS "workspaceId", d.name, d.title, d.api_version AS "apiVersion", d.openapi, d.description, d.servers,
  (SELECT count(*)::int FROM asset a WHERE a.api_document_id = d.id) AS operations,
  d.created_at AS "createdAt", d.updated_at AS "updatedAt"`;

/** Documents of the workspaces, by workspace and name. @param after workspace and name of the last one before */
export function listDocuments(
  database: Database,
  visible: VisibleWorkspaces,
  {
    workspaceId,
    after,
    limit,
  }: { workspaceId: string | undefined; after: readonly string[] | undefined; limit: number },
): Promise<ApiDocument[]> {
  return query<ApiDocument>(
    database,
    `SELECT ${COLUMNS}
     FROM api_document d
     WHERE (CAST(:visible AS uuid[]) IS NULL OR d.workspace_id = ANY(CAST(:visible AS uuid[])))
       AND (CAST(:workspaceId AS uuid) IS NULL OR d.workspace_id = CAST(:workspaceId AS uuid))
       AND (CAST(:afterWorkspace AS uuid) IS NULL
            OR (d.workspace_id, d.name) > (CAST(:afterWorkspace AS uuid), CAST(:afterName AS text)))
     ORDER BY d.workspace_id, d.name
     LIMIT :limit`,
    {
      visible: visibleBinding(visible),
      workspaceId: workspaceId ?? null,
      afterWorkspace: after?.[0] ?? null,
      afterName: after?.[1] ?? null,
      limit,
    },
  );
}

/** One document with its text, JSON as it was given. */
export async function getDocument(
  database: Database,
  workspaceId: string,
  name: string,
): Promise<(ApiDocument & { document: string }) | undefined> {
  const [row] = await query<ApiDocument & { document: string }>(
    database,
    `SELECT ${COLUMNS}, d.document
     FROM api_document d
     WHERE d.workspace_id = ? AND d.name = ?`,
    [workspaceId, name],
  );
  return row;
}

/**
 * Gives a workspace a document, in the place of one of the same name. An operation that was there keeps its id; one that the document no
 * longer has is found no more.
 */
export async function putDocument(
  database: Database,
  { workspaceId, name, writtenBy }: { workspaceId: string; name: string; writtenBy: string },
  document: OpenApiDocument,
): Promise<ApiDocument> {
  const operations = operationsOf(document);
  return database.transaction(async (transaction) => {
    const [row] = await query<{ id: string }>(
      transaction,
      `INSERT INTO api_document AS d (workspace_id, name, title, api_version, openapi, description, servers, document, written_by)
       SELECT CAST(:workspaceId AS uuid), :name, g.title, g.version, g.openapi, g.description, g.servers, :document, CAST(:writtenBy AS uuid)
       FROM jsonb_to_record(CAST(:given AS jsonb)) AS g(title text, version text, openapi text, description text, servers text[])
       ON CONFLICT (workspace_id, name) DO UPDATE
       SET title = excluded.title, api_version = excluded.api_version, openapi = excluded.openapi, description = excluded.description,
           servers = excluded.servers, document = excluded.document, written_by = excluded.written_by, updated_at = now()
       RETURNING d.id`,
      {
        workspaceId,
        name,
        writtenBy,
        given: storedJson({
          title: document.info.title,
          version: document.info.version,
          openapi: document.openapi ?? document.swagger,
          description: document.info.description ?? null,
          servers: serversOf(document),
        }),
        document: JSON.stringify(document),
      },
    );
    const id = row?.id ?? '';
    await query(transaction, REPLACE_OPERATIONS, {
      id,
      workspaceId,
      operations: storedJson(operations.map((operation) => assetOf(document, operation))),
    });
    const [written] = await query<ApiDocument>(transaction, `SELECT ${COLUMNS} FROM api_document d WHERE d.id = ?`, [
      id,
    ]);
    if (written === undefined) throw new Error('The document is gone within its own transaction');
    return written;
  });
}

/** What is the same as before is not written again. */
const REPLACE_OPERATIONS = `
  WITH given AS (
    SELECT *
    FROM jsonb_to_recordset(CAST(:operations AS jsonb)) AS g(name text, alias text, texts text[], details jsonb)
  ), gone AS (
    DELETE FROM asset WHERE api_document_id = :id AND name NOT IN (SELECT name FROM given)
  )
  INSERT INTO asset AS a (kind, workspace_id, api_document_id, name, alias, texts, details)
  SELECT 'api', CAST(:workspaceId AS uuid), CAST(:id AS uuid), name, alias, texts, details
  FROM given
  ON CONFLICT (api_document_id, name) DO UPDATE
  SET alias = excluded.alias, texts = excluded.texts, details = excluded.details, changed_at = now(), name_words = NULL, words = NULL
  WHERE (a.alias, a.texts, a.details) IS DISTINCT FROM (excluded.alias, excluded.texts, excluded.details)`;

function assetOf({ info }: OpenApiDocument, operation: ApiOperation) {
  const { method, path, operationId, summary, description, tags } = operation;
  return {
    name: `${method} ${path}`,
    alias: operationId,
    texts: [info.title, summary, description, ...tags].filter((text) => text !== null),
    details: operation,
  };
}

/** Takes a document away with what was found of it. Returns whether there was one. */
export async function deleteDocument(database: Database, workspaceId: string, name: string): Promise<boolean> {
  const rows = await query(database, 'DELETE FROM api_document WHERE workspace_id = ? AND name = ? RETURNING 1', [
    workspaceId,
    name,
  ]);
  return rows.length > 0;
}
