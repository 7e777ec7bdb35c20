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
 * Lists a table's partitions by name, along the primary key in either direction.
 * @param filter.prefix only those whose name begins with it
 * @param page.descending the last name first: the newest, where names hold dates
 * @param visible a condition on collected_database under the alias `d`
 * @throws NotFound, InvalidCursor
 */
export async function listPartitions(
  database: Database,
  entityId: string,
  filter: { prefix?: string },
  page: { cursor?: string | undefined; limit: number; descending?: boolean },
  visible: Knex.Raw,
): Promise<Page<ListedPartition>> {
  await requireVisible(database, entityId, visible);
  const [after] = decodeCursor(page.cursor, [ANY_TEXT]) ?? [];
  const rows = await query<ListedPartition>(
    database,
    `SELECT name, ordinal, bound, parent, row_estimate::float8 AS rows, size_bytes::float8 AS bytes, properties
     FROM table_partition
     WHERE entity_id = :entityId
       AND (CAST(:after AS text) IS NULL OR name ${page.descending ? '<' : '>'} :after)
       AND name >= :prefix AND (CAST(:end AS text) IS NULL OR name < :end) AND starts_with(name, :prefix)
     ORDER BY name ${page.descending ? 'DESC' : ''}
     LIMIT :limit + 1`,
    {
      entityId,
      after: after ?? null,
      prefix: filter.prefix ?? '',
      end: afterAll(filter.prefix ?? ''),
      limit: page.limit,
    },
  );
  return pageOf(
    rows,
    page.limit,
    (row) => row,
    ({ name }) => [name],
  );
}

/**
 * The first name after all that begin with the prefix, by bytes, so that reading backwards begins there; null where
 * none is easily said, and the whole table is then read from its end.
 */
function afterAll(prefix: string): string | null {
  const last = [...prefix].at(-1);
  if (last === undefined || last > '\u{d7fe}') return null;
  return prefix.slice(0, -last.length) + String.fromCodePoint((last.codePointAt(0) ?? 0) + 1);
}
