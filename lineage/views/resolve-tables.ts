import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** A table on the map that a name stands for. */
export interface ResolvedTable {
  entityId: string;
  columns: string[];
  /** It is a tombstone: nothing living has the name. */
  removed: boolean;
}

/** The tables of these guids, by guid: the living one, else the one removed last. Those of none are left out. */
export async function resolveTables(
  database: Database,
  guids: readonly string[],
): Promise<ReadonlyMap<string, ResolvedTable>> {
  const rows = await query<ResolvedTable & { guid: string }>(
    database,
    `SELECT DISTINCT ON (e.guid) e.guid, e.id AS "entityId", e.removed_at IS NOT NULL AS removed,
            ARRAY(
              SELECT c."column" ->> 'name'
              FROM jsonb_array_elements(e.structure::jsonb -> 'columns') WITH ORDINALITY AS c ("column", place)
              ORDER BY c.place
            ) AS columns
     FROM (
       SELECT * FROM entity WHERE guid = ANY(:guids) AND removed_at IS NULL
       UNION ALL
       SELECT * FROM entity WHERE guid = ANY(:guids) AND removed_at IS NOT NULL
     ) e
     WHERE e.kind = 'table'
     ORDER BY e.guid, e.removed_at DESC NULLS FIRST`,
    { guids: [...guids] },
  );
  return new Map(rows.map(({ guid, ...table }) => [guid, table]));
}
