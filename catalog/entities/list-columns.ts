import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { DECIMAL, decodeCursor, type Page, pageOf } from '../model/cursor.js';
import { columnOf, type StoredColumn } from '../model/stored-structure.js';
import type { Column } from '../model/table.js';
import { requireVisible } from './entity.js';

export interface ListedColumn extends Column {
  /** 1-based place in the primary key; absent outside it. */
  primaryKeyPlace?: number;
}

export interface ColumnPage extends Page<ListedColumn> {
  /** Columns that the filter leaves, on all pages. */
  total: number;
}

/**
 * Lists a table's columns in order.
 * @param filter.text only columns that hold it in name, type or comment, whatever the case
 * @param visible a condition on collected_database under the alias `d`
 * @throws NotFound, InvalidCursor
 */
export async function listColumns(
  database: Database,
  entityId: string,
  filter: { text?: string },
  page: { cursor?: string; limit: number },
  visible: Knex.Raw,
): Promise<ColumnPage> {
  await requireVisible(database, entityId, visible);
  const [after] = decodeCursor(page.cursor, [DECIMAL]) ?? ['0'];
  const rows = await query<{ place: number; column: StoredColumn; key_place: number | null; total: number }>(
    database,
    `WITH matching AS (
       SELECT c.place, c.column, array_position(k.columns, c.column ->> 'name') AS key_place
       FROM entity e
       CROSS JOIN LATERAL jsonb_array_elements(e.structure -> 'columns') WITH ORDINALITY AS c ("column", place)
       CROSS JOIN LATERAL (
         SELECT array_agg(name ORDER BY place) AS columns
         FROM jsonb_array_elements_text(e.structure -> 'primaryKey' -> 'columns') WITH ORDINALITY AS k (name, place)
       ) k
       WHERE e.id = :entityId
         AND (:text = '' OR strpos(lower(concat_ws(chr(10), c.column ->> 'name', c.column ->> 'type', c.column ->> 'comment')), lower(:text)) > 0)
     )
     SELECT place::int, "column", key_place, (SELECT count(*)::int FROM matching) AS total
     FROM matching
     WHERE place > CAST(:after AS bigint)
     ORDER BY place
     LIMIT :limit + 1`,
    { entityId, text: filter.text ?? '', after: after ?? '0', limit: page.limit },
  );
  const shown = pageOf(
    rows,
    page.limit,
    ({ place, column, key_place }): ListedColumn => ({
      ...columnOf(column, place),
      ...(key_place === null ? {} : { primaryKeyPlace: key_place }),
    }),
    ({ place }) => [String(place)],
  );
  return { ...shown, total: rows[0]?.total ?? 0 };
}
