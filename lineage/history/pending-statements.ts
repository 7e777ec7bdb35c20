import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { TableName } from '../sql/statement-lineage.js';
import type { ViewPlace } from '../views/source-naming.js';

/** A statement of a source's history to be read. */
export interface PendingStatement extends ViewPlace {
  /** Decimal text. */
  id: string;
  collectedDatabaseId: string;
  text: string;
  kind: string;
  reads: TableName[];
  writes: TableName[];
  /** Schemas in which names without one are looked for, in order. */
  path: string[];
}

/**
 * Statements of the databases that a run was about which were not read yet, or not as the map is now: a table of theirs
 * changed or went, or one of a name that the map did not have has come. By id.
 */
export function pendingStatements(
  database: Database,
  runId: string,
  { after, limit }: { after: string; limit: number },
): Promise<PendingStatement[]> {
  return query<PendingStatement>(
    database,
    `SELECT s.id, s.collected_database_id AS "collectedDatabaseId", s.text, s.kind, s.reads, s.writes, s.path,
            d.source_type AS "sourceType", d.instance, d.name AS database, NULL AS schema
     FROM crawl_unit u
     JOIN collected_database d ON d.id = u.collected_database_id
     JOIN query_statement s ON s.collected_database_id = d.id
     WHERE u.run_id = :runId AND d.retiring_at IS NULL AND s.id > CAST(:after AS bigint)
       AND (
         s.state = 'pending'
         OR EXISTS (
           SELECT 1
           FROM query_table t
           JOIN entity e ON e.id = t.entity_id
           WHERE t.statement_id = s.id AND (e.removed_at IS NOT NULL OR e.changed_at > s.read_at)
         )
         OR (s.missing <> '{}' AND EXISTS (
           SELECT 1
           FROM entity e
           WHERE e.collected_database_id = s.collected_database_id AND e.kind = 'table' AND e.removed_at IS NULL
             AND e.name = ANY(s.missing) AND e.changed_at > s.read_at
         ))
       )
     ORDER BY s.id
     LIMIT :limit`,
    { runId, after, limit },
  );
}
