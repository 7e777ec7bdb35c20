import { indexHash, ownFingerprint, xidHash } from './fingerprint-query.js';

/** The sums of hashes of what belongs to each relation. */
const OWN = `), attribute AS MATERIALIZED (
  SELECT attrelid AS oid, sum(${xidHash('xmin', 'attnum')}) AS hash
    FROM pg_attribute
   WHERE attnum > 0 AND attrelid IN (SELECT oid FROM relation)
   GROUP BY attrelid
), description AS MATERIALIZED (
  SELECT objoid AS oid, sum(${xidHash('xmin', 'objsubid')}) AS hash
    FROM pg_description
   WHERE classoid = 'pg_class'::regclass AND objoid >= 16384
   GROUP BY objoid
), index AS (
  SELECT i.indrelid AS oid,
         sum(${indexHash('i', 'c')})
         + coalesce(sum(d.hash), 0) AS hash
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    LEFT JOIN description d ON d.oid = i.indexrelid
   WHERE i.indrelid IN (SELECT oid FROM relation)
   GROUP BY i.indrelid
), key AS (
  SELECT conrelid AS oid, sum(${xidHash('xmin', 'oid::bigint')}) AS hash
    FROM pg_constraint
   WHERE contype IN ('p', 'u', 'f') AND conrelid >= 16384
   GROUP BY conrelid
), "default" AS (
  SELECT adrelid AS oid, sum(${xidHash('xmin', 'adnum')}) AS hash
    FROM pg_attrdef
   GROUP BY adrelid
), rule AS (
  SELECT ev_class AS oid, sum(${xidHash('xmin', 'oid::bigint')}) AS hash
    FROM pg_rewrite
   WHERE ev_class >= 16384
   GROUP BY ev_class
`;

const OWN_JOINS = `  LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
  LEFT JOIN pg_partitioned_table b ON b.partrelid = c.oid
  LEFT JOIN attribute a ON a.oid = c.oid
  LEFT JOIN description d ON d.oid = c.oid
  LEFT JOIN index i ON i.oid = c.oid
  LEFT JOIN key k ON k.oid = c.oid
  LEFT JOIN "default" e ON e.oid = c.oid
  LEFT JOIN rule r ON r.oid = c.oid
`;
const LISTED = `${ownFingerprint({
  partitioned: 'b.xmin',
  tablespace: 's.spcname',
  attribute: 'a.hash',
  description: 'd.hash',
  index: 'i.hash',
  key: 'k.hash',
  default: 'e.hash',
  rule: 'r.hash',
})} || `;

/** The same of the columns of one relation `c`, without all others. */
const ATTRIBUTES = `(
           SELECT sum(${xidHash('x.xmin', 'x.attnum')})
             FROM pg_attribute x
            WHERE x.attrelid = c.oid AND x.attnum > 0 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c'))`;

/**
 * Every object of the schemas `$1` (oids): key, schema, fingerprint, row and size estimates, in the order of oids.
 *
 * A fingerprint stands for all that the object's canonical form is made of. PostgreSQL gives each catalogue row a new
 * `xmin` when it changes, so the sum of the hashes of a table's `xmin`s, each seeded with its row's place, changes with
 * any of them; ANALYZE and VACUUM overwrite their counts in place and leave `xmin` alone. Of pg_class the values are
 * hashed instead, since GRANT, TRUNCATE and REFRESH give its rows a new `xmin`, too.
 *
 * Names that a text mentions are stored as oids: renaming a type, function or column changes no row of the view or
 * default that prints it. `mention` finds what each table's texts depend on in pg_depend, `used_type` follows types to
 * the types within them, and `target` hashes the names there. What belongs to PostgreSQL itself (oids below 16384)
 * is not followed.
 *
 * Each catalogue is read once and grouped once: a subquery per table is three times as slow at 100,000 tables.
 *
 * A fingerprint is the hash of what a relation's own rows tell and, where there is any, that of what lies beyond them. Of a
 * database that was never read the first part is left to the reading, which sees those rows anyway: most of what a
 * listing costs.
 */
const listQuery = ({ own }: { own: boolean }): string => `
WITH RECURSIVE relation AS MATERIALIZED (
  SELECT oid, relkind, relispartition
    FROM pg_class
   WHERE oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
${own ? OWN : ''}), "foreign" AS (
  SELECT t.ftrelid AS oid, concat_ws('|', t.xmin, s.xmin, w.xmin) AS hash
    FROM pg_foreign_table t
    JOIN pg_foreign_server s ON s.oid = t.ftserver
    JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
), tree AS (
  SELECT i.inhparent AS root, i.inhrelid AS oid, i.inhparent AS parent
    FROM pg_inherits i
    JOIN relation p ON p.oid = i.inhparent AND p.relkind = 'p' AND NOT p.relispartition
   UNION ALL
  SELECT t.root, i.inhrelid, i.inhparent
    FROM tree t
    JOIN pg_inherits i ON i.inhparent = t.oid
), partition AS (
  SELECT t.root AS oid,
         sum(hashtextextended(
           concat_ws('|', t.parent, c.relkind, c.relpartbound, quote_ident(n.nspname), quote_ident(c.relname)),
           t.oid::bigint)) AS hash,
         sum(c.reltuples) FILTER (WHERE c.relkind <> 'p' AND c.reltuples >= 0) AS rows,
         sum(c.relpages::bigint) FILTER (WHERE c.relkind <> 'p') AS pages
    FROM tree t
    JOIN pg_class c ON c.oid = t.oid
    JOIN pg_namespace n ON n.oid = c.relnamespace
   GROUP BY t.root
), mention AS MATERIALIZED (
  SELECT a.adrelid AS oid, d.refclassid, d.refobjid
    FROM pg_depend d
    JOIN pg_attrdef a ON a.oid = d.objid
   WHERE d.classid = 'pg_attrdef'::regclass AND d.refobjid <> a.adrelid AND d.refobjid >= 16384
   UNION
  SELECT r.ev_class, d.refclassid, d.refobjid
    FROM pg_depend d
    JOIN pg_rewrite r ON r.oid = d.objid
   WHERE d.classid = 'pg_rewrite'::regclass AND d.refobjid <> r.ev_class AND d.refobjid >= 16384
   UNION
  SELECT coalesce((SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = d.objid), d.objid), d.refclassid, d.refobjid
    FROM pg_depend d
   WHERE d.classid = 'pg_class'::regclass AND d.refobjid >= 16384
     AND d.refclassid IN ('pg_type'::regclass, 'pg_proc'::regclass, 'pg_operator'::regclass, 'pg_collation'::regclass,
                          'pg_opclass'::regclass, 'pg_ts_config'::regclass, 'pg_ts_dict'::regclass)
   UNION
  SELECT conrelid, 'pg_class'::regclass, confrelid
    FROM pg_constraint
   WHERE contype = 'f' AND confrelid <> conrelid
   UNION
  SELECT i.inhrelid, 'pg_class'::regclass, i.inhparent
    FROM pg_inherits i
    JOIN relation p ON p.oid = i.inhparent AND p.relkind <> 'p'
), used_type(root, oid) AS (
  SELECT refobjid, refobjid FROM mention WHERE refclassid = 'pg_type'::regclass
   UNION
  SELECT u.root, d.refobjid
    FROM used_type u
   CROSS JOIN LATERAL (
           SELECT refobjid
             FROM pg_depend
            WHERE classid = 'pg_type'::regclass AND objid = u.oid AND refclassid = 'pg_type'::regclass
            UNION ALL
           SELECT refobjid
             FROM pg_depend
            WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_type'::regclass
              AND objid = (SELECT typrelid FROM pg_type WHERE oid = u.oid)
         ) d
), enum AS (
  SELECT enumtypid AS oid, sum(${xidHash('xmin', 'oid::bigint')}) AS hash
    FROM pg_enum
   GROUP BY enumtypid
), target AS (
  SELECT 'pg_class'::regclass::oid AS classid, c.oid,
         hashtextextended(concat_ws('|', quote_ident(n.nspname), quote_ident(c.relname), ${own ? 'a.hash' : ATTRIBUTES}), c.oid::bigint) AS hash
    FROM (SELECT DISTINCT refobjid AS oid FROM mention WHERE refclassid = 'pg_class'::regclass) m
    JOIN pg_class c ON c.oid = m.oid
    JOIN pg_namespace n ON n.oid = c.relnamespace
${own ? '    LEFT JOIN attribute a ON a.oid = c.oid\n' : ''}   UNION ALL
  SELECT 'pg_type'::regclass, u.root, sum(hashtextextended(t.text, u.oid::bigint))
    FROM used_type u
    LEFT JOIN enum e ON e.oid = u.oid
   CROSS JOIN LATERAL (
           SELECT concat_ws('|', t.xmin, quote_ident(n.nspname), quote_ident(t.typname), e.hash, (
                    SELECT sum(${xidHash('a.xmin', 'a.attnum')})
                      FROM pg_attribute a
                     WHERE a.attrelid = t.typrelid AND a.attnum > 0)) AS text
             FROM pg_type t
             JOIN pg_namespace n ON n.oid = t.typnamespace
            WHERE t.oid = u.oid
            LIMIT 1
         ) t
   GROUP BY u.root
   UNION ALL
  SELECT 'pg_proc'::regclass, p.oid,
         hashtextextended(
           concat_ws('|', p.xmin, quote_ident(n.nspname), (
             SELECT sum(${xidHash('a.xmin', 'a.attnum')})
               FROM pg_type t
               JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0
              WHERE t.oid = p.prorettype)),
           p.oid::bigint)
    FROM (SELECT DISTINCT refobjid AS oid FROM mention WHERE refclassid = 'pg_proc'::regclass) m
    JOIN pg_proc p ON p.oid = m.oid
    JOIN pg_namespace n ON n.oid = p.pronamespace
   UNION ALL
  SELECT 'pg_operator'::regclass, o.oid, hashtextextended(concat_ws('|', o.xmin, quote_ident(n.nspname)), o.oid::bigint)
    FROM pg_operator o
    JOIN pg_namespace n ON n.oid = o.oprnamespace
   WHERE o.oid >= 16384
   UNION ALL
  SELECT 'pg_collation'::regclass, o.oid, hashtextextended(concat_ws('|', o.xmin, quote_ident(n.nspname)), o.oid::bigint)
    FROM pg_collation o
    JOIN pg_namespace n ON n.oid = o.collnamespace
   WHERE o.oid >= 16384
   UNION ALL
  SELECT 'pg_opclass'::regclass, o.oid, hashtextextended(concat_ws('|', o.xmin, quote_ident(n.nspname)), o.oid::bigint)
    FROM pg_opclass o
    JOIN pg_namespace n ON n.oid = o.opcnamespace
   WHERE o.oid >= 16384
   UNION ALL
  SELECT 'pg_ts_config'::regclass, o.oid, hashtextextended(concat_ws('|', o.xmin, quote_ident(n.nspname)), o.oid::bigint)
    FROM pg_ts_config o
    JOIN pg_namespace n ON n.oid = o.cfgnamespace
   WHERE o.oid >= 16384
   UNION ALL
  SELECT 'pg_ts_dict'::regclass, o.oid, hashtextextended(concat_ws('|', o.xmin, quote_ident(n.nspname)), o.oid::bigint)
    FROM pg_ts_dict o
    JOIN pg_namespace n ON n.oid = o.dictnamespace
   WHERE o.oid >= 16384
), vocabulary AS (
  SELECT m.oid, sum(t.hash) AS hash
    FROM mention m
    JOIN target t ON t.classid = m.refclassid AND t.oid = m.refobjid
   GROUP BY m.oid
)
SELECT lpad(c.oid::text, 10, '0') AS key,
       n.nspname AS schema,
       ${own ? LISTED : ''}CASE WHEN f.hash IS NULL AND p.hash IS NULL AND v.hash IS NULL THEN ''
         ELSE '-' || to_hex(hashtextextended(concat_ws('|', 'f', f.hash, 'p', p.hash, 'v', v.hash), 0)) END AS fingerprint,
       CASE WHEN c.relkind = 'p' THEN p.rows WHEN c.relkind <> 'v' AND c.reltuples >= 0 THEN c.reltuples END::float8 AS rows,
       (CASE WHEN c.relkind = 'p' THEN p.pages WHEN c.relkind IN ('r', 'm') THEN c.relpages END
         * current_setting('block_size')::int)::float8 AS bytes
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
${own ? OWN_JOINS : ''}  LEFT JOIN "foreign" f ON f.oid = c.oid
  LEFT JOIN partition p ON p.oid = c.oid
  LEFT JOIN vocabulary v ON v.oid = c.oid
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND NOT c.relispartition
   AND c.relpersistence <> 't'
   AND c.relnamespace = ANY ($1::oid[])
 ORDER BY c.oid`;

export const LIST = listQuery({ own: true });
/** For a database that was never read: fingerprints lack `ReadRow.fingerprint`, which goes before them. */
export const LIST_UNREAD = listQuery({ own: false });

export interface ListRow {
  key: string;
  schema: string;
  fingerprint: string;
  rows: number | null;
  bytes: number | null;
}
