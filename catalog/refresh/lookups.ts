import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import type { Failure } from '../runs/run-state.js';
import { storedFailure } from '../runs/stored-failure.js';

/** Whether a source has a table, as a worker was told. */
export interface TableLookup {
  status: 'queued' | 'found' | 'absent' | 'failed';
  error: Failure | null;
}

export async function createLookup(
  database: Database,
  lookup: { lookupId: string; collectedDatabaseId: string; schema: string | null; table: string },
): Promise<void> {
  await query(
    database,
    `INSERT INTO table_lookup (id, collected_database_id, schema_name, table_name)
     VALUES (:lookupId, :collectedDatabaseId, :schema, :table)`,
    lookup,
  );
}

/** What a lookup asks, of which source. @throws NotFound when it is gone */
export async function lookupOrder(
  database: Database,
  lookupId: string,
): Promise<{ dataSourceId: string; database: string; schema: string | null; table: string }> {
  const [order] = await query<Awaited<ReturnType<typeof lookupOrder>>>(
    database,
    `SELECT d.data_source_id AS "dataSourceId", d.name AS database, l.schema_name AS schema, l.table_name AS "table"
       FROM table_lookup l
       JOIN collected_database d ON d.id = l.collected_database_id
      WHERE l.id = ?`,
    [lookupId],
  );
  if (order === undefined) throw new NotFound('lookup', lookupId);
  return order;
}

/** Ends a lookup. One that ended keeps its ending. */
export async function finishLookup(
  database: Database,
  lookupId: string,
  result: { status: 'found' | 'absent' } | { status: 'failed'; failure: Failure },
): Promise<void> {
  await query(
    database,
    `UPDATE table_lookup SET status = :status, error = :error WHERE id = :lookupId AND status = 'queued'`,
    {
      lookupId,
      status: result.status,
      error: 'failure' in result ? JSON.stringify(storedFailure(result.failure)) : null,
    },
  );
}

/** @throws NotFound */
export async function getLookup(database: Database, lookupId: string): Promise<TableLookup> {
  const [lookup] = await query<TableLookup>(database, 'SELECT status, error FROM table_lookup WHERE id = ?', [
    lookupId,
  ]);
  if (lookup === undefined) throw new NotFound('lookup', lookupId);
  return lookup;
}

/** Deletes lookups that nobody waits for any more; returns how many. */
export async function dropOldLookups(database: Database): Promise<number> {
  const dropped = await query(
    database,
    `DELETE FROM table_lookup WHERE created_at < now() - interval '10 minutes' RETURNING id`,
  );
  return dropped.length;
}
