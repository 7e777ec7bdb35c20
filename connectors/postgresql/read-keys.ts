import { xidHash } from './fingerprint-query.js';

/** The name of one column of a relation, as JSON. A number that is no column's stands for itself. */
export const columnName = (relation: string, attnum: string): string =>
  `coalesce((SELECT to_json(a.attname)::text FROM pg_attribute a WHERE a.attrelid = ${relation} AND a.attnum = ${attnum}), '"' || ${attnum} || '"')`;

/** The names of the columns with the numbers `attnums` (smallint[]), as JSON with commas between: one, nearly always. */
const columnNames = (relation: string, attnums: string): string =>
  `CASE WHEN cardinality(${attnums}) = 1 THEN ${columnName(relation, `${attnums}[1]`)} ELSE (
    SELECT string_agg(${columnName(relation, 'u.attnum')}, ',' ORDER BY u.place)
      FROM unnest(${attnums}) WITH ORDINALITY u(attnum, place)) END`;

const action = (letter: string): string =>
  `CASE ${letter} WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL'
                  WHEN 'd' THEN 'SET DEFAULT' ELSE ${letter}::text END`;

const REFERENCES = `(
  SELECT ',"references":{"schema":' || to_json(m.nspname)::text || ',"table":' || to_json(t.relname)::text
         || ',"columns":[' || ${columnNames('t.oid', 'k.confkey')} || ']}'
         || ',"onUpdate":"' || ${action('k.confupdtype')} || '","onDelete":"' || ${action('k.confdeltype')} || '"'
    FROM pg_class t
    JOIN pg_namespace m ON m.oid = t.relnamespace
   WHERE t.oid = k.confrelid)`;

/**
 * A lateral subquery for the relation `c`: `key.text` has its primary, unique and foreign keys as the catalog stores them, as
 * properties of an object, with a comma after them, `key.hash` what the listing makes of them. A partition's key that belongs
 * to one of the table above is none of its own.
 */
export const KEYS = `
 CROSS JOIN LATERAL (
         SELECT sum(${xidHash('k.xid', 'k.oid::bigint')}) AS hash,
                coalesce('"primaryKey":' || min(k.text) FILTER (WHERE k.contype = 'p') || ',', '')
                || '"uniqueKeys":[' || coalesce(string_agg(k.text, ',') FILTER (WHERE k.contype = 'u'), '') || '],'
                || '"foreignKeys":[' || coalesce(string_agg(k.text, ',') FILTER (WHERE k.contype = 'f'), '') || '],' AS text
           FROM (
             SELECT k.oid, k.xmin AS xid, k.contype,
                    CASE WHEN k.conparentid <> 0 THEN NULL ELSE '{"name":' || to_json(k.conname)::text || ',"columns":[' || ${columnNames('k.conrelid', 'k.conkey')} || ']'
                    || CASE WHEN k.contype = 'f' THEN ${REFERENCES} ELSE '' END || '}' END AS text
               FROM pg_constraint k
              WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f')
              ORDER BY k.conname
           ) k
       ) key`;
