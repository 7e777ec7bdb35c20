import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NameTaken, NotFound } from '../../db/refusals.js';
import { isUniqueViolation } from '../../db/violations.js';
import { lookAgainForNamespace } from './look-again.js';
import { canonicalNamespace } from './namespace.js';
import { OF_ADDRESS } from './resolve-datasets.js';

/** A namespace of events that means a data source. */
export interface SourceNamespace {
  /** Null where it follows from the source's own address. */
  id: string | null;
  namespace: string;
  createdAt: Date | null;
}

/** The namespaces that mean a data source: first those of its own address, then those that people added, by name. */
export function listNamespaces(database: Database, dataSourceId: string): Promise<SourceNamespace[]> {
  return query<SourceNamespace>(
    database,
    `SELECT NULL AS id, namespace, NULL::timestamptz AS "createdAt", 0 AS place
     FROM (${OF_ADDRESS}) o
     WHERE data_source_id = :dataSourceId
     UNION ALL
     SELECT id::text, namespace, created_at, 1
     FROM lineage_namespace
     WHERE data_source_id = :dataSourceId
     ORDER BY place, namespace`,
    { dataSourceId },
  );
}

/**
 * Lets a namespace mean a data source, for events of the source's workspace and those of the whole tenant. Names in it are
 * looked up again.
 * @throws NameTaken when it means another one in that workspace already
 */
export async function addNamespace(
  database: Database,
  source: { id: string; workspaceId: string },
  namespace: string,
  personId: string,
): Promise<SourceNamespace> {
  const canonical = canonicalNamespace(namespace);
  try {
    return await database.transaction(async (transaction) => {
      const [added] = await query<SourceNamespace>(
        transaction,
        `INSERT INTO lineage_namespace (workspace_id, data_source_id, namespace, created_by)
         VALUES (:workspaceId, :id, :canonical, :personId)
         RETURNING id, namespace, created_at AS "createdAt"`,
        { ...source, canonical, personId },
      );
      if (added === undefined) throw new Error('PostgreSQL returned no row of a namespace it inserted');
      await lookAgainForNamespace(transaction, canonical);
      return added;
    });
  } catch (error) {
    if (isUniqueViolation(error, 'lineage_namespace_unique')) throw new NameTaken('namespace of lineage', canonical);
    throw error;
  }
}

/** @throws NotFound */
export async function removeNamespace(database: Database, dataSourceId: string, id: string): Promise<void> {
  await database.transaction(async (transaction) => {
    const [removed] = await query<{ namespace: string }>(
      transaction,
      'DELETE FROM lineage_namespace WHERE id = :id AND data_source_id = :dataSourceId RETURNING namespace',
      { id, dataSourceId },
    );
    if (removed === undefined) throw new NotFound('namespace of lineage', id);
    await lookAgainForNamespace(transaction, removed.namespace);
  });
}
