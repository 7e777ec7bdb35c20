/**
 * Everything about the relations `$1` (oids), one row each, in one statement. Each part is a subquery by index for one
 * relation, so no plan can flip to scanning a whole catalogue, and the time is proportional to the page:
 * 20 columns, two keys and two indexes take 0.1 ms. With `texts` false the parts that can fail are left out: those that
 * print stored expressions and take locks while they do so.
 *
 * A column's place in the array of columns is its ordinal; `attnum` goes along for what refers to columns by it.
 * The type behind a domain, array or both is looked up only for types that are not PostgreSQL's own, whose names the
 * reader has from `BUILT_IN_TYPES`.
 */
export function readQuery({ texts }: { texts: boolean }): string {
  const text = (expression: string) => (texts ? expression : 'NULL::text');
  return `
SELECT lpad(c.oid::text, 10, '0'),
       n.nspname,
       c.relname,
       c.relkind,
       pg_get_userbyid(c.relowner),
       c.reltuples::float8,
       c.relpages::float8 * current_setting('block_size')::int,
       (
         SELECT json_agg(json_build_array(
                  a.attnum, a.attname, a.atttypid, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                  a.attgenerated,
                  CASE WHEN a.attcollation NOT IN (0, 100) THEN (
                    SELECT CASE WHEN x.collnamespace = 'pg_catalog'::regnamespace THEN '' ELSE quote_ident(m.nspname) || '.' END
                           || x.collname
                      FROM pg_collation x
                      JOIN pg_namespace m ON m.oid = x.collnamespace
                      JOIN pg_type t ON t.oid = a.atttypid
                     WHERE x.oid = a.attcollation AND t.typcollation <> a.attcollation) END,
                  CASE WHEN a.atttypid >= 16384 THEN (
                    WITH RECURSIVE inner_type AS (
                      SELECT a.atttypid AS oid, false AS required
                       UNION ALL
                      SELECT CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END,
                             i.required OR (t.typtype = 'd' AND t.typnotnull)
                        FROM inner_type i
                        JOIN pg_type t ON t.oid = i.oid
                       WHERE t.typtype = 'd' OR (t.typelem <> 0 AND t.typlen = -1)
                    )
                    SELECT json_build_array(t.typname, (SELECT bool_or(required) FROM inner_type))
                      FROM inner_type i
                      JOIN pg_type t ON t.oid = i.oid
                     WHERE t.typtype <> 'd' AND NOT (t.typelem <> 0 AND t.typlen = -1)) END
                ) ORDER BY a.attnum)
           FROM pg_attribute a
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       ),
       (
         SELECT json_object_agg(d.objsubid, d.description)
           FROM pg_description d
          WHERE d.objoid = c.oid AND d.classoid = 'pg_class'::regclass
       ),
       (
         SELECT json_object_agg(e.adnum, ${text('pg_get_expr(e.adbin, e.adrelid)')})
           FROM pg_attrdef e
          WHERE e.adrelid = c.oid
       ),
       (
         SELECT json_agg(json_build_array(
                  k.conname, k.contype, k.conkey,
                  CASE WHEN k.contype = 'f' THEN (
                    SELECT json_build_array(m.nspname, t.relname, k.confupdtype, k.confdeltype, (
                             SELECT json_agg(a.attname ORDER BY u.place)
                               FROM unnest(k.confkey) WITH ORDINALITY u(attnum, place)
                               JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum))
                      FROM pg_class t
                      JOIN pg_namespace m ON m.oid = t.relnamespace
                     WHERE t.oid = k.confrelid) END
                ) ORDER BY k.conname)
           FROM pg_constraint k
          WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f') AND k.conparentid = 0
       ),
       (
         SELECT json_agg(json_build_array(
                  x.relname, i.indisunique, m.amname, i.indkey::int2[], i.indnkeyatts,
                  CASE WHEN i.indexprs IS NOT NULL THEN (
                    SELECT json_agg(${text('pg_get_indexdef(i.indexrelid, u.place::int, true)')} ORDER BY u.place)
                      FROM unnest(i.indkey::int2[]) WITH ORDINALITY u(attnum, place)
                     WHERE u.attnum = 0) END,
                  ${text('pg_get_expr(i.indpred, i.indrelid, true)')},
                  ${text('pg_get_indexdef(i.indexrelid)')},
                  (SELECT d.description
                     FROM pg_description d
                    WHERE d.objoid = i.indexrelid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0)
                ) ORDER BY x.relname)
           FROM pg_index i
           JOIN pg_class x ON x.oid = i.indexrelid
           JOIN pg_am m ON m.oid = x.relam
          WHERE i.indrelid = c.oid
       ),
       CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
       CASE WHEN c.relkind = 'p' THEN (
         WITH RECURSIVE tree AS (
           SELECT i.inhrelid AS oid, i.inhparent AS parent FROM pg_inherits i WHERE i.inhparent = c.oid
            UNION ALL
           SELECT i.inhrelid, i.inhparent FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid
         )
         SELECT json_agg(json_build_array(
                  p.oid, t.parent, CASE WHEN p.relnamespace <> c.relnamespace THEN m.nspname END, p.relname, p.relkind,
                  ${text('pg_get_expr(p.relpartbound, p.oid)')},
                  p.reltuples::float8, p.relpages::float8 * current_setting('block_size')::int))
           FROM tree t
           JOIN pg_class p ON p.oid = t.oid
           JOIN pg_namespace m ON m.oid = p.relnamespace) END,
       ${text("CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid, true) END")},
       json_build_array(
         c.relpersistence = 'u',
         CASE WHEN c.relam NOT IN (0, 2) THEN (SELECT amname FROM pg_am WHERE oid = c.relam) END,
         CASE WHEN c.reltablespace <> 0 THEN (SELECT spcname FROM pg_tablespace WHERE oid = c.reltablespace) END,
         c.reloptions,
         c.relrowsecurity,
         c.relforcerowsecurity,
         CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END,
         CASE WHEN c.relkind IN ('r', 'f') THEN (
           SELECT json_agg(quote_ident(m.nspname) || '.' || quote_ident(p.relname) ORDER BY i.inhseqno)
             FROM pg_inherits i
             JOIN pg_class p ON p.oid = i.inhparent
             JOIN pg_namespace m ON m.oid = p.relnamespace
            WHERE i.inhrelid = c.oid) END,
         CASE WHEN c.relkind = 'f' THEN (
           SELECT json_build_array(s.srvname, w.fdwname, s.srvoptions, f.ftoptions)
             FROM pg_foreign_table f
             JOIN pg_foreign_server s ON s.oid = f.ftserver
             JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
            WHERE f.ftrelid = c.oid) END
       )
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid = ANY ($1::oid[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
 ORDER BY c.oid`;
}

/** Name of each of PostgreSQL's own types, by oid; of an array, the name of what it holds. */
export const BUILT_IN_TYPES = `
SELECT json_object_agg(t.oid, coalesce(e.typname, t.typname))
  FROM pg_type t
  LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typlen = -1
 WHERE t.oid < 16384 AND t.typtype <> 'c' AND t.typname NOT LIKE '\\_pg\\_%'`;

/** One row of `readQuery`. */
export type ReadRow = [
  key: string,
  schema: string,
  name: string,
  kind: 'r' | 'p' | 'v' | 'm' | 'f',
  owner: string,
  rows: number,
  bytes: number,
  columns: ReadColumn[] | null,
  /** By attnum; of the relation itself under 0. */
  comments: Record<string, string> | null,
  /** By attnum. */
  defaults: Record<string, string | null> | null,
  keys: ReadKey[] | null,
  indexes: ReadIndex[] | null,
  partitionedBy: string | null,
  partitions: ReadPartition[] | null,
  viewDefinition: string | null,
  properties: ReadProperties,
];
export type ReadColumn = [
  attnum: number,
  name: string,
  typeOid: number | string,
  type: string,
  notNull: boolean,
  identity: '' | 'a' | 'd',
  generated: '' | 's' | 'v',
  collation: string | null,
  userType: [base: string, required: boolean] | null,
];
export type ReadKey = [
  name: string,
  type: 'p' | 'u' | 'f',
  attnums: number[],
  references: [schema: string, table: string, onUpdate: string, onDelete: string, columns: string[]] | null,
];
export type ReadIndex = [
  name: string,
  unique: boolean,
  method: string,
  /** Of the key columns and then the included ones; 0 stands for the next expression. */
  attnums: number[],
  keyColumns: number,
  expressions: string[] | null,
  where: string | null,
  definition: string | null,
  comment: string | null,
];
export type ReadPartition = [
  oid: number | string,
  parent: number | string,
  /** Where it is not the schema of the partitioned table. */
  schema: string | null,
  name: string,
  kind: string,
  bound: string | null,
  rows: number,
  bytes: number,
];
export type ReadProperties = [
  unlogged: boolean,
  accessMethod: string | null,
  tablespace: string | null,
  options: string[] | null,
  rowSecurity: boolean,
  forcedRowSecurity: boolean,
  ofType: string | null,
  inherits: string[] | null,
  foreign: [server: string, wrapper: string, serverOptions: string[] | null, options: string[] | null] | null,
];
