import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { tellSearch } from '../store/record-edges.js';
import { TYPES_WITH_VIEWS, type ViewPlace } from './source-naming.js';

/** A view or materialised view to be read. */
export interface PendingView extends ViewPlace {
  /** The view's entity, decimal text. */
  id: string;
  version: number;
  collectedDatabaseId: string;
  name: string;
  columns: string[];
  /** Null where the source does not show it to the crawler's account. */
  text: string | null;
  /** The unit of the run that collected its database. */
  unit: number;
}

/**
 * Views of the databases that a run was about whose edges are not those of what stands on the map: not read yet, read in
 * another version, or naming tables that came or went since. By id. A name that was looked for in vain is kept with the view:
 * as long as nothing has it, there is nothing new to be read.
 */
export function pendingViews(
  database: Database,
  runId: string,
  { after, limit }: { after: string; limit: number },
): Promise<PendingView[]> {
  return query<PendingView>(
    database,
    `SELECT e.id, e.version, e.collected_database_id AS "collectedDatabaseId", e.schema_name AS schema, e.name,
            ARRAY(
              SELECT c."column" ->> 'name'
              FROM jsonb_array_elements(e.structure::jsonb -> 'columns') WITH ORDINALITY AS c ("column", place)
              ORDER BY c.place
            ) AS columns,
            e.structure::jsonb ->> 'viewDefinition' AS text,
            d.source_type AS "sourceType", d.instance, d.name AS database, u.unit
     FROM crawl_unit u
     JOIN collected_database d ON d.id = u.collected_database_id
     JOIN entity e ON e.collected_database_id = d.id
     LEFT JOIN lineage_process p ON p.kind = 'view' AND p.entity_id = e.id
     WHERE u.run_id = :runId AND d.source_type = ANY(:types) AND d.retiring_at IS NULL
       AND e.kind = 'table' AND e.type IN ('VIEW', 'MATERIALIZED_VIEW') AND e.removed_at IS NULL
       AND e.id > CAST(:after AS bigint)
       AND (
         p.id IS NULL OR p.entity_version IS DISTINCT FROM e.version
         -- Not joined with the names taken apart: unless it knows how few they are, the planner reads every table for each view.
         OR (p.missing <> '{}' AND EXISTS (
           SELECT 1
           FROM entity t
           WHERE t.guid = ANY(p.missing) AND t.kind = 'table' AND t.removed_at IS NULL
         ))
         OR EXISTS (
           SELECT 1
           FROM lineage_edge l
           JOIN lineage_node n ON n.id = l.upstream
           JOIN entity t ON t.id = n.entity_id
           WHERE l.process_id = p.id AND l.valid_to IS NULL AND t.removed_at IS NOT NULL AND t.guid <> ALL (p.missing)
         )
       )
     ORDER BY e.id
     LIMIT :limit`,
    { runId, types: TYPES_WITH_VIEWS, after, limit },
  );
}

/**
 * Ends the edges of views that were removed from the databases that a run was about. Such a view counts as not read: put
 * back, it is read again. Returns how many edges ended.
 */
export async function endEdgesOfRemovedViews(database: Database, runId: string): Promise<number> {
  return database.transaction(async (transaction) => {
    const ended = await query<{ upstream: string; downstream: string }>(
      transaction,
      `WITH removed AS (
       UPDATE lineage_process p
       SET entity_version = NULL
       FROM crawl_unit u
       JOIN entity e ON e.collected_database_id = u.collected_database_id
       WHERE u.run_id = ? AND e.type IN ('VIEW', 'MATERIALIZED_VIEW') AND e.kind = 'table'
         AND (e.removed_at IS NOT NULL)
         AND p.kind = 'view' AND p.entity_id = e.id AND p.entity_version IS NOT NULL
       RETURNING p.id
     )
     UPDATE lineage_edge l
     SET valid_to = now()
     FROM removed r
     WHERE l.process_id = r.id AND l.valid_to IS NULL
     RETURNING l.upstream, l.downstream`,
      [runId],
    );
    await tellSearch(transaction, ended);
    return ended.length;
  });
}
