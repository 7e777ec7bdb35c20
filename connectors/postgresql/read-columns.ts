import { xidHash } from './fingerprint-query.js';
import { TYPE_OF_COLUMN } from './read-types.js';

/** Beyond this a comment is looked up by its key: going through a list for each column would be quadratic. */
const MOST_LISTED = 100;

/** What only few columns have, in the order in which the catalog stores it. */
const seldom = (expression: string): string => `
  coalesce((
    SELECT CASE WHEN a.attgenerated = '' THEN ',"default":' || to_json(x.text)::text
                ELSE ',"generated":{"expression":' || to_json(x.text)::text || ',"stored":' || (a.attgenerated = 's')::text || '}' END
      FROM (SELECT ${expression} AS text FROM pg_attrdef e WHERE e.adrelid = a.attrelid AND e.adnum = a.attnum) x
  ), '')
  || CASE a.attidentity WHEN 'a' THEN ',"identity":"always"' WHEN 'd' THEN ',"identity":"by default"' ELSE '' END
  || coalesce(',"collation":' || to_json((
       SELECT CASE WHEN x.collnamespace = 'pg_catalog'::regnamespace THEN '' ELSE quote_ident(m.nspname) || '.' END || x.collname
         FROM pg_collation x
         JOIN pg_namespace m ON m.oid = x.collnamespace
         JOIN pg_type t ON t.oid = a.atttypid
        WHERE x.oid = a.attcollation AND t.typcollation <> a.attcollation))::text, '')`;

/**
 * Lateral subqueries for the relation `c`: `listed` has its own comment and those of its columns, `k.columns` the columns
 * themselves as the catalog stores them, without the brackets around, `k.column_count` how many they are. Both have the `hash`
 * of what they read, dropped columns and all, as the listing has it.
 * @param text what prints a stored expression, or NULL where nothing is to be printed
 */
export const columnsOf = (text: (expression: string) => string): string => `
 CROSS JOIN LATERAL (
         SELECT array_agg(d.objsubid) FILTER (WHERE c.relnatts <= ${MOST_LISTED}) AS places,
                array_agg(d.description) FILTER (WHERE c.relnatts <= ${MOST_LISTED}) AS comments,
                jsonb_object_agg(d.objsubid, d.description) FILTER (WHERE c.relnatts > ${MOST_LISTED}) AS many,
                min(d.description) FILTER (WHERE d.objsubid = 0) AS comment,
                sum(${xidHash('d.xmin', 'd.objsubid')}) AS hash
           FROM pg_description d
          WHERE d.objoid = c.oid AND d.classoid = 'pg_class'::regclass
       ) listed
 CROSS JOIN LATERAL (
         SELECT coalesce(string_agg(
                  '{"name":' || to_json(a.attname)::text
                  || ${TYPE_OF_COLUMN}
                  || CASE WHEN a.atthasdef OR a.attidentity <> '' OR a.attcollation NOT IN (0, 100) THEN
                       ${seldom(text('pg_get_expr(e.adbin, e.adrelid)'))}
                     ELSE '' END
                  || coalesce(',"comment":' || to_json(
                       CASE WHEN c.relnatts > ${MOST_LISTED} THEN listed.many ->> a.attnum::text
                       ELSE listed.comments[array_position(listed.places, a.attnum::int4)] END)::text || '}', '}'),
                  ',') FILTER (WHERE NOT a.attisdropped), '') AS columns,
                count(*) FILTER (WHERE NOT a.attisdropped)::int4 AS column_count,
                sum(${xidHash('a.xid', 'a.attnum')}) AS hash
           FROM (
             -- By name, since what is not named need not be taken out of its row.
             SELECT xmin AS xid, attrelid, attnum, attname, atttypid, atttypmod, attnotnull, atthasdef, attidentity,
                    attgenerated, attcollation, attisdropped
               FROM pg_attribute
              WHERE attrelid = c.oid AND attnum > 0
              ORDER BY attnum
           ) a
       ) k`;
