import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { DECIMAL, decodeCursor, type Page, pageOf } from '../model/cursor.js';
import type { EntityKind } from './entity.js';

/** What a run did to one entity. */
export interface RunChange {
  entityId: string;
  change: 'added' | 'changed' | 'removed' | 'restored' | 'held';
  /** Null for what was new. */
  fromVersion: number | null;
  /** Null for what is gone or held; equal to `fromVersion` where only partitions changed. */
  toVersion: number | null;
  /** As the entity is called now. */
  guid: string;
  kind: EntityKind;
  type: string;
  name: string;
  database: string;
  schema: string | null;
}

/**
 * Lists what a run changed, in the order in which entities first came onto the map.
 * @param filter.change only changes of this sort
 * @param visible a condition on collected_database under the alias `d`; what may not be seen is left out
 * @throws InvalidCursor
 */
export async function listRunChanges(
  database: Database,
  runId: string,
  filter: { change?: RunChange['change'] },
  page: { cursor?: string; limit: number },
  visible: Knex.Raw,
): Promise<Page<RunChange>> {
  const [after] = decodeCursor(page.cursor, [DECIMAL]) ?? ['0'];
  const rows = await query<RunChange>(
    database,
    `SELECT r.entity_id AS "entityId", r.change, r.from_version AS "fromVersion", r.to_version AS "toVersion",
            split_part(e.guid, '#', 1) AS guid, e.kind, e.type, e.name, d.name AS database, e.schema_name AS schema
     FROM run_change r
     JOIN entity e ON e.id = r.entity_id
     JOIN collected_database d ON d.id = e.collected_database_id
     WHERE r.run_id = :runId AND r.entity_id > CAST(:after AS bigint)
       AND (CAST(:change AS text) IS NULL OR r.change = :change)
       AND :visible
     ORDER BY r.entity_id
     LIMIT :limit + 1`,
    { runId, after: after ?? '0', change: filter.change ?? null, visible, limit: page.limit },
  );
  return pageOf(
    rows,
    page.limit,
    (row) => row,
    ({ entityId }) => [entityId],
  );
}
