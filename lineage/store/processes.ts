import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { Parser } from '../sql/statement-lineage.js';

/** A view as what moves data, as it was read now. */
export interface ViewProcess {
  /** The view's entity, decimal text, and the version of it that was read. */
  entityId: string;
  version: number;
  name: string;
  collectedDatabaseId: string;
  dialect: string;
  state: 'parsed' | 'partial' | 'unparsed';
  parser: Parser | null;
  /** Why it is not read, or not whole. */
  reason: string | null;
  /** Guids of the tables that it names and of which nothing living on the map has one. */
  missing: string[];
}

/** Makes or renews the processes of views. Returns the process of each view's entity, ids as decimal text. */
export async function recordViewProcesses(
  database: Database,
  runId: string,
  views: readonly ViewProcess[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await query<{ id: string; entity: string }>(
    database,
    `INSERT INTO lineage_process (kind, key, name, collected_database_id, entity_id, entity_version, dialect, state,
                                  parser, reason, unresolved, missing, run_id)
     SELECT 'view', v."entityId", v.name, v."collectedDatabaseId", v."entityId"::bigint, v.version, v.dialect, v.state,
            v.parser, v.reason, cardinality(v.missing), v.missing, :runId
     FROM jsonb_to_recordset(:views) AS v("entityId" text, version integer, name text, "collectedDatabaseId" bigint,
                                          dialect text, state text, parser text, reason text, missing text[])
     ORDER BY v."entityId"
     ON CONFLICT (kind, key) DO UPDATE
     SET name = excluded.name, collected_database_id = excluded.collected_database_id,
         entity_version = excluded.entity_version, dialect = excluded.dialect, state = excluded.state,
         parser = excluded.parser, reason = excluded.reason, unresolved = excluded.unresolved,
         missing = excluded.missing,
         run_id = excluded.run_id, last_seen = now()
     RETURNING id, entity_id AS entity`,
    { runId, views: JSON.stringify(views) },
  );
  return new Map(rows.map(({ id, entity }) => [entity, id]));
}
