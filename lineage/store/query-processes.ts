import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { Parser } from '../sql/statement-lineage.js';

/** A statement of a source's history as what moves data, as it was read now. */
export interface QueryProcess {
  /** Of `query_statement`, decimal text. */
  statementId: string;
  name: string;
  collectedDatabaseId: string;
  sql: string;
  dialect: string;
  state: 'parsed' | 'partial' | 'unparsed';
  parser: Parser | null;
  /** Why it is not read whole. */
  reason: string | null;
  /** Tables it names that the map does not have. */
  unresolved: number;
}

/** The key of the process of the statement `s`, in SQL. */
export const KEY_OF_STATEMENT = `'statement:' || s.id`;

/** Makes or renews the processes of statements. Returns the process of each statement, ids as decimal text. */
export async function recordQueryProcesses(
  database: Database,
  runId: string,
  processes: readonly QueryProcess[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await query<{ id: string; key: string }>(
    database,
    `INSERT INTO lineage_process (kind, key, name, collected_database_id, sql, dialect, evidence, state, parser, reason,
                                  unresolved, run_id)
     SELECT 'query', 'statement:' || q."statementId", q.name, q."collectedDatabaseId", q.sql, q.dialect,
            '{"source": "query_history"}', q.state, q.parser, q.reason, q.unresolved, :runId
     FROM jsonb_to_recordset(:processes) AS q("statementId" text, name text, "collectedDatabaseId" bigint, sql text,
                                              dialect text, state text, parser text, reason text, unresolved integer)
     ORDER BY q."statementId"
     ON CONFLICT (kind, key) DO UPDATE
     SET state = excluded.state, parser = excluded.parser, reason = excluded.reason, unresolved = excluded.unresolved,
         run_id = excluded.run_id
     RETURNING id, key`,
    { runId, processes: JSON.stringify(processes) },
  );
  return new Map(rows.map(({ id, key }) => [key.slice('statement:'.length), id]));
}
