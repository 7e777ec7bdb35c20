import { indexHash, xidHash } from './fingerprint-query.js';
import { columnName } from './read-keys.js';

/**
 * Most indexes are those of primary keys, and printing definitions is a quarter of the server's work. The definition
 * of a btree one follows from its columns: PostgreSQL allows it no condition, expression, order or operator class.
 */
const IS_PLAIN_PRIMARY_KEY =
  "i.indisprimary AND x.relam = 403 AND x.relkind = 'i' AND x.reloptions IS NULL AND i.indnatts = i.indnkeyatts";
const PLAIN_PRIMARY_KEY = `format('CREATE UNIQUE INDEX %I ON %I.%I USING btree (%s)', x.relname, n.nspname, c.relname,
    CASE WHEN i.indnatts = 1 THEN (
      SELECT quote_ident(a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = i.indkey[0])
    ELSE (
      SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.place)
        FROM unnest(i.indkey::int2[]) WITH ORDINALITY u(attnum, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.attnum) END)`;

/**
 * A lateral subquery for the relation `c`, whose schema is `n`: `index.text` has its indexes as the catalog stores them, with
 * commas between, `index.hash` what the listing makes of them. NULL without any.
 * @param text what prints a stored expression, or NULL where nothing is to be printed
 */
export const indexesOf = (text: (expression: string) => string): string => `
 CROSS JOIN LATERAL (
         SELECT sum(${indexHash('i', 'x')}) + coalesce(sum((
                  SELECT sum(${xidHash('d.xmin', 'd.objsubid')})
                    FROM pg_description d
                   WHERE d.objoid = i.indexrelid AND d.classoid = 'pg_class'::regclass)), 0) AS hash,
                string_agg(
                  '{"name":' || to_json(x.relname)::text || ',"unique":' || i.indisunique::text
                  || ',"method":' || to_json(m.amname)::text || ',"columns":['
                  || CASE WHEN i.indnkeyatts = 1 AND i.indkey[0] <> 0 THEN ${columnName('c.oid', 'i.indkey[0]')}
                     ELSE (
                       SELECT string_agg(
                                CASE WHEN u.attnum <> 0 THEN ${columnName('c.oid', 'u.attnum')}
                                     ELSE to_json(coalesce(${text('pg_get_indexdef(i.indexrelid, u.place::int, true)')}, ''))::text END,
                                ',' ORDER BY u.place)
                         FROM unnest(i.indkey::int2[]) WITH ORDINALITY u(attnum, place)
                        WHERE u.place <= i.indnkeyatts)
                     END || ']'
                  || CASE WHEN i.indpred IS NULL THEN ''
                          ELSE coalesce(',"where":' || to_json(${text('pg_get_expr(i.indpred, i.indrelid, true)')})::text, '') END
                  || coalesce(',"definition":' || to_json(
                       ${text(`CASE WHEN ${IS_PLAIN_PRIMARY_KEY} THEN ${PLAIN_PRIMARY_KEY} ELSE pg_get_indexdef(i.indexrelid) END`)})::text, '')
                  || coalesce(',"comment":' || to_json((
                       SELECT d.description
                         FROM pg_description d
                        WHERE d.objoid = i.indexrelid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0))::text, '')
                  || '}',
                  ',' ORDER BY x.relname) AS text
           FROM pg_index i
           JOIN pg_class x ON x.oid = i.indexrelid
           JOIN pg_am m ON m.oid = x.relam
          WHERE i.indrelid = c.oid
       ) index`;
