import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { prepared } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import { type Origin, OWNERS_OF, type Owner } from '../annotations/annotation.js';
import { ANY_TEXT, DECIMAL, decodeCursor, type Page, pageOf } from '../model/cursor.js';
import { columnOf, type StoredColumn } from '../model/stored-structure.js';
import type { Column } from '../model/table.js';

type KeyKind = 'primary' | 'unique' | 'foreign';

export interface ListedColumn extends Column {
  /** 1-based place in the primary key; absent outside it. */
  primaryKeyPlace?: number;
  /** The sorts of keys it is part of. */
  keys: KeyKind[];
  /** People's words; `comment` is the source's. */
  description: string | null;
  /** Whose words the description is; null where there is none. */
  origin: Origin | null;
  tags: string[];
  owners: Owner[];
}

export interface ColumnPage extends Page<ListedColumn> {
  /** Columns that the filter leaves, on all pages. */
  total: number;
}

/** Texts are found anywhere and whatever the case. What is left out does not narrow. */
export interface ColumnFilter {
  /** In name, type, comment or description. */
  text?: string | undefined;
  name?: string | undefined;
  type?: string | undefined;
  /** Whether it has a comment of the source or a description of people. */
  commented?: boolean | undefined;
  key?: KeyKind | 'any' | 'none' | undefined;
}

export interface ColumnPageRequest {
  cursor?: string | undefined;
  limit: number;
  /** By place when left out. */
  sort?: 'ordinal' | 'name' | 'type';
  descending?: boolean;
}

/** What stands first in the sort key; the place decides between equals. */
const SORTED_BY = { ordinal: `''`, name: `lower(c.column ->> 'name')`, type: `lower(c.column ->> 'type')` } as const;

/**
 * Lists a table's columns.
 * @param visible a condition on collected_database under the alias `d`
 * @throws NotFound, InvalidCursor
 */
export async function listColumns(
  database: Database,
  entityId: string,
  filter: ColumnFilter,
  page: ColumnPageRequest,
  visible: Knex.Raw,
): Promise<ColumnPage> {
  const [beyond, direction] = page.descending ? ['<', 'DESC'] : ['>', 'ASC'];
  // A place in one order is none in another.
  const order = `${page.sort ?? 'ordinal'} ${direction}`;
  const [, text, place] = decodeCursor(page.cursor, [new RegExp(`^${order}$`), ANY_TEXT, DECIMAL]) ?? [];
  const rows = await prepared<ColumnRow | { place: null; total: number }>(
    database,
    `WITH seen AS MATERIALIZED (
       SELECT e.id, e.structure::jsonb AS structure
         FROM entity e
         JOIN collected_database d ON d.id = e.collected_database_id
        WHERE e.id = :entityId AND :visible
     ), listed AS (
       SELECT c.place, c.column, ${SORTED_BY[page.sort ?? 'ordinal']} COLLATE "C" AS sorted_by,
              array_position(k.columns, c.column ->> 'name') AS key_place,
              array_remove(ARRAY[
                CASE WHEN e.structure -> 'primaryKey' -> 'columns' @> to_jsonb(c.column ->> 'name') THEN 'primary' END,
                CASE WHEN jsonb_path_query_array(e.structure, '$.uniqueKeys[*].columns[*]') @> to_jsonb(c.column ->> 'name') THEN 'unique' END,
                CASE WHEN jsonb_path_query_array(e.structure, '$.foreignKeys[*].columns[*]') @> to_jsonb(c.column ->> 'name') THEN 'foreign' END
              ], NULL) AS keys,
              a.description, CASE WHEN a.description IS NOT NULL THEN a.origin END AS origin,
              ARRAY(
                SELECT t.name
                  FROM annotation_tag l
                  JOIN tag t ON t.id = l.tag_id
                 WHERE l.entity_id = e.id AND l.column_name = c.column ->> 'name'
                 ORDER BY lower(t.name)
              ) AS tags
         FROM seen e
        CROSS JOIN LATERAL jsonb_array_elements(e.structure -> 'columns') WITH ORDINALITY AS c ("column", place)
        CROSS JOIN LATERAL (
          SELECT array_agg(name ORDER BY place) AS columns
            FROM jsonb_array_elements_text(e.structure -> 'primaryKey' -> 'columns') WITH ORDINALITY AS k (name, place)
        ) k
         LEFT JOIN annotation a ON a.entity_id = e.id AND a.column_name = c.column ->> 'name'
     ), matching AS (
       SELECT *
         FROM listed l
        WHERE (:text = '' OR strpos(
                lower(concat_ws(chr(10), l.column ->> 'name', l.column ->> 'type', l.column ->> 'comment', l.description)),
                lower(:text)
              ) > 0)
          AND strpos(lower(l.column ->> 'name'), lower(:name)) > 0
          AND strpos(lower(l.column ->> 'type'), lower(:typed)) > 0
          AND (CAST(:commented AS boolean) IS NULL
               OR (nullif(l.column ->> 'comment', '') IS NOT NULL OR l.description IS NOT NULL) = CAST(:commented AS boolean))
          AND CASE :key
                WHEN '' THEN TRUE
                WHEN 'any' THEN cardinality(l.keys) > 0
                WHEN 'none' THEN cardinality(l.keys) = 0
                ELSE :key = ANY (l.keys)
              END
     )
     -- One row at least where the table may be seen, so that an empty page is told from no table.
     SELECT p.place::int, p."column", p.sorted_by, p.key_place, p.keys, p.description, p.origin, p.tags,
            ${OWNERS_OF('seen.id', `p."column" ->> 'name'`)} AS owners,
            (SELECT count(*)::int FROM matching) AS total
       FROM seen
       LEFT JOIN (
         SELECT *
           FROM matching
          WHERE CAST(:place AS bigint) IS NULL
             OR (sorted_by, place) ${beyond} (:after COLLATE "C", CAST(:place AS bigint))
          ORDER BY sorted_by ${direction}, place ${direction}
          LIMIT :limit + 1
       ) p ON TRUE
      ORDER BY p.sorted_by ${direction}, p.place ${direction}`,
    {
      entityId,
      visible,
      text: filter.text ?? '',
      name: filter.name ?? '',
      typed: filter.type ?? '',
      commented: filter.commented ?? null,
      key: filter.key ?? '',
      after: text ?? '',
      place: place ?? null,
      limit: page.limit,
    },
  );
  if (rows[0] === undefined) throw new NotFound('entity', entityId);
  const columns = rows.filter((row): row is ColumnRow => row.place !== null);
  const shown = pageOf(columns, page.limit, listedColumn, (row) => [order, row.sorted_by, String(row.place)]);
  return { ...shown, total: rows[0].total };
}

interface ColumnRow {
  place: number;
  column: StoredColumn;
  sorted_by: string;
  key_place: number | null;
  keys: KeyKind[];
  description: string | null;
  origin: Origin | null;
  tags: string[];
  owners: Owner[];
  total: number;
}

function listedColumn({ place, column, key_place, keys, description, origin, tags, owners }: ColumnRow): ListedColumn {
  return {
    ...columnOf(column, place),
    ...(key_place === null ? {} : { primaryKeyPlace: key_place }),
    keys,
    description,
    origin,
    tags,
    owners,
  };
}
