import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { ANY_TEXT, decodeCursor, type Page, pageOf } from '../model/cursor.js';
import { requireVisible } from './entity.js';

export interface ListedPartition {
  name: string;
  ordinal: number;
  bound: string | null;
  parent: string | null;
  rows: number | null;
  bytes: number | null;
  properties: Record<string, string>;
}

/**
 * Lists a table's partitions by name.
 * @param filter.prefix only those whose name begins with it
 * @param visible a condition on collected_database under the alias `d`
 * @throws NotFound, InvalidCursor
 */
export async function listPartitions(
  database: Database,
  entityId: string,
  filter: { prefix?: string },
  page: { cursor?: string; limit: number },
  visible: Knex.Raw,
): Promise<Page<ListedPartition>> {
  await requireVisible(database, entityId, visible);
  const [after] = decodeCursor(page.cursor, [ANY_TEXT]) ?? [];
  const rows = await query<ListedPartition>(
    database,
    `SELECT name, ordinal, bound, parent, row_estimate::float8 AS rows, size_bytes::float8 AS bytes, properties
     FROM table_partition
     WHERE entity_id = :entityId
       AND (CAST(:after AS text) IS NULL OR name > :after)
       AND name >= :prefix AND starts_with(name, :prefix)
     ORDER BY name
     LIMIT :limit + 1`,
    { entityId, after: after ?? null, prefix: filter.prefix ?? '', limit: page.limit },
  );
  return pageOf(
    rows,
    page.limit,
    (row) => row,
    ({ name }) => [name],
  );
}
