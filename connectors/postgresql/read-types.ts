/** First oid that is not PostgreSQL's own. */
const USER_TYPES = 16_384;

/** One number for all that makes a column's type: its type's oid, its modifier (-1 or more), whether it refuses NULL. */
const key = (a: string): string =>
  `(${a}.atttypid::int8 * 2147483648 + ${a}.atttypmod) * CASE WHEN ${a}.attnotnull THEN -1 ELSE 1 END`;

/**
 * The part of a stored column that says its type, for a row of pg_attribute. `baseType` is the type without modifiers; of an
 * array, that of what it holds; of a domain, the one behind it. A domain on the way may refuse NULL for the column.
 */
const text = (a: string): string => `(
  SELECT ',"type":' || to_json(named.name)::text
         || CASE WHEN named.base <> named.name THEN ',"baseType":' || to_json(named.base)::text ELSE '' END
         || CASE WHEN ${a}.attnotnull OR named.required THEN ',"nullable":false' ELSE '' END
    FROM (
      SELECT format_type(${a}.atttypid, ${a}.atttypmod) AS name,
             CASE WHEN t.typtype <> 'c' AND t.typname NOT LIKE '\\_pg\\_%' THEN coalesce(e.typname, t.typname)::text END AS base,
             false AS required
        FROM pg_type t
        LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typlen = -1
       WHERE t.oid = ${a}.atttypid AND ${a}.atttypid < ${USER_TYPES}
       UNION ALL
      (
        WITH RECURSIVE inner_type AS (
          SELECT ${a}.atttypid AS oid, false AS required, false AS element
           UNION ALL
          SELECT CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END,
                 i.required OR (t.typtype = 'd' AND t.typnotnull AND NOT i.element),
                 i.element OR t.typtype <> 'd'
            FROM inner_type i
            JOIN pg_type t ON t.oid = i.oid
           WHERE t.typtype = 'd' OR (t.typelem <> 0 AND t.typlen = -1)
        )
        SELECT format_type(${a}.atttypid, ${a}.atttypmod), t.typname::text, i.required
          FROM inner_type i
          JOIN pg_type t ON t.oid = i.oid
         WHERE ${a}.atttypid >= ${USER_TYPES} AND t.typtype <> 'd' AND NOT (t.typelem <> 0 AND t.typlen = -1)
      )
    ) named)`;

/**
 * A WITH query of one row: the types that one table in eight of the relations `$1` has, the most usual first, with their
 * texts. A page has some twenty types among ten thousands of columns, and writing one out takes the server microseconds.
 */
export const USUAL_TYPES = `usual_type AS MATERIALIZED (
  SELECT array_agg(u.key) AS keys, array_agg(u.text) AS texts
    FROM (
      SELECT ${key('a')} AS key, ${text('a')} AS text
        FROM (
          SELECT atttypid, atttypmod, attnotnull
            FROM pg_attribute
           WHERE attrelid = ANY (ARRAY(SELECT u.oid FROM unnest($1::oid[]) WITH ORDINALITY u(oid, place) WHERE u.place % 8 = 1))
             AND attnum > 0 AND NOT attisdropped
           GROUP BY atttypid, atttypmod, attnotnull
           ORDER BY count(*) DESC
           LIMIT 200
        ) a
    ) u
)`;

/** The type of the column `a`, a row of pg_attribute, as a stored column has it. */
export const TYPE_OF_COLUMN = `coalesce(
  ((SELECT texts FROM usual_type))[array_position((SELECT keys FROM usual_type), ${key('a')})],
  ${text('a')},
  ',"type":""')`;
