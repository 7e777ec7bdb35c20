import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** A table that a refresh run is to read, by its place in the list that somebody sent. */
export interface NamedTable {
  refreshId: string;
  place: number;
  /** Null: in whatever schema it is. */
  schema: string | null;
  name: string;
  /** Of the table on the map, where it is there. */
  knownKey: string | null;
}

/** The tables of a database that a run is to read. */
export async function namedTables(
  database: Database,
  runId: string,
  collectedDatabaseId: string,
): Promise<NamedTable[]> {
  return query<NamedTable>(
    database,
    `SELECT i.refresh_id AS "refreshId", i.place, i.schema_name AS schema, i.table_name AS name,
            o.native_key AS "knownKey"
       FROM table_refresh_item i
       LEFT JOIN source_object o ON o.entity_id = i.entity_id AND o.collected_database_id = i.collected_database_id
      WHERE i.run_id = ? AND i.collected_database_id = ? AND i.outcome IS NULL
      ORDER BY i.refresh_id, i.place`,
    [runId, collectedDatabaseId],
  );
}

/** What a worker found of a named table. Only what is the source's to say: the rest is known once it is published. */
export interface FoundTable extends Pick<NamedTable, 'refreshId' | 'place'> {
  /** The key of what was read. */
  nativeKey?: string;
  /** Proved to be gone. */
  missing?: true;
  /** What became of it, where that is known already. */
  outcome?: RefreshOutcome;
  detail?: RefreshDetail;
}

export const REFRESH_OUTCOMES = [
  'refreshed',
  'unchanged',
  'gone',
  'held',
  'not-found',
  'not-proved',
  'ambiguous',
  'out-of-scope',
  'not-visible',
  'refused',
  'failed',
] as const;
export type RefreshOutcome = (typeof REFRESH_OUTCOMES)[number];

export interface RefreshDetail {
  message?: string;
  remedy?: string;
  code?: string;
  /** Of the entity: added, changed or restored. */
  change?: string;
  /** What the name may mean, as it can be asked for. */
  candidates?: string[];
}

export async function noteFound(database: Database, found: readonly FoundTable[]): Promise<void> {
  await query(
    database,
    `UPDATE table_refresh_item i
        SET native_key = coalesce(f."nativeKey", i.native_key), missing = coalesce(f.missing, false),
            outcome = coalesce(f.outcome, i.outcome), detail = i.detail || coalesce(f.detail, '{}')
       FROM jsonb_to_recordset(:found::jsonb)
         AS f ("refreshId" uuid, place int, "nativeKey" text, missing boolean, outcome text, detail jsonb)
      WHERE i.refresh_id = f."refreshId" AND i.place = f.place`,
    { found: JSON.stringify(found) },
  );
}

/** Of these keys, those that the catalog has. */
export async function knownKeys(
  database: Database,
  collectedDatabaseId: string,
  keys: readonly string[],
): Promise<Set<string>> {
  const rows = await query<{ key: string }>(
    database,
    `SELECT native_key AS key FROM source_object WHERE collected_database_id = ? AND native_key = ANY (?::text[])`,
    [collectedDatabaseId, [...keys]],
  );
  return new Set(rows.map(({ key }) => key));
}
