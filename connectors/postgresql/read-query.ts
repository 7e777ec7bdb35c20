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
 * Everything about the relations `$1` (oids), one row each, in one statement. Each part is a subquery by index for one
 * relation, so no plan can flip to scanning a whole catalogue, and the time is proportional to the page:
 * 20 columns, two keys and two indexes take 0.1 ms. With `texts` false the parts that can fail are left out: those that
 * print stored expressions and take locks while they do so.
 *
 * Columns come as pieces of text that go into the stored structure as they are: parsing and writing them again would be
 * most of the worker's time, and building a JSON array for each column takes the server half as long again. Types
 * that are PostgreSQL's own come as numbers, whose names the reader has from `TYPE_NAMES`; a user's type, which may be
 * renamed at any time, comes with its name and the type behind it, be it a domain, an array or both. Each lookup of a
 * partition is a subquery of its own, since a join with so small a tree is planned as one with the whole of pg_class.
 */
export function readQuery({ texts }: { texts: boolean }): string {
  const text = (expression: string) => (texts ? expression : 'NULL::text');
  return `
SELECT lpad(c.oid::text, 10, '0') AS key,
       n.nspname AS schema,
       c.relname AS name,
       c.relkind AS kind,
       pg_get_userbyid(c.relowner) AS owner,
       c.reltuples::float8 AS rows,
       c.relpages::float8 * current_setting('block_size')::int AS bytes,
       k.*,
       remark.*,
       CASE WHEN k.has_defaults THEN (
         SELECT json_object_agg(e.adnum, ${text('pg_get_expr(e.adbin, e.adrelid)')})
           FROM pg_attrdef e
          WHERE e.adrelid = c.oid
       ) END AS defaults,
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
       ) AS keys,
       (
         SELECT json_agg(json_build_array(
                  x.relname, i.indisunique, m.amname, i.indkey::int2[], i.indnkeyatts,
                  CASE WHEN i.indexprs IS NOT NULL THEN (
                    SELECT json_agg(${text('pg_get_indexdef(i.indexrelid, u.place::int, true)')} ORDER BY u.place)
                      FROM unnest(i.indkey::int2[]) WITH ORDINALITY u(attnum, place)
                     WHERE u.attnum = 0) END,
                  ${text('pg_get_expr(i.indpred, i.indrelid, true)')},
                  ${text(`CASE WHEN ${IS_PLAIN_PRIMARY_KEY} THEN ${PLAIN_PRIMARY_KEY} ELSE pg_get_indexdef(i.indexrelid) END`)},
                  (SELECT d.description
                     FROM pg_description d
                    WHERE d.objoid = i.indexrelid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0)
                ) ORDER BY x.relname)
           FROM pg_index i
           JOIN pg_class x ON x.oid = i.indexrelid
           JOIN pg_am m ON m.oid = x.relam
          WHERE i.indrelid = c.oid
       ) AS indexes,
       CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS partitioned_by,
       CASE WHEN c.relkind = 'p' THEN (
         WITH RECURSIVE tree AS (
           SELECT i.inhrelid AS oid, i.inhparent AS parent FROM pg_inherits i WHERE i.inhparent = c.oid
            UNION ALL
           SELECT i.oid, t.oid
             FROM tree t
            -- OFFSET 0 skips nothing: it keeps the planner from reading all of pg_inherits for each table.
            CROSS JOIN LATERAL (SELECT inhrelid AS oid FROM pg_inherits WHERE inhparent = t.oid OFFSET 0) i
         )
         SELECT json_agg((
                  SELECT json_build_array(
                           p.oid, t.parent, CASE WHEN p.relnamespace <> c.relnamespace THEN m.nspname END, p.relname, p.relkind,
                           ${text('pg_get_expr(p.relpartbound, p.oid)')},
                           p.reltuples::float8, p.relpages::float8 * current_setting('block_size')::int)
                    FROM pg_class p
                    JOIN pg_namespace m ON m.oid = p.relnamespace
                   WHERE p.oid = t.oid))
           FROM tree t) END AS partitions,
       ${text("CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid, true) END")} AS view_definition,
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
       ) AS properties
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (
         SELECT array_agg(a.attnum)::text AS attnums,
                json_agg(a.attname)::text AS names,
                string_agg((
                  (a.atttypid::int8 * 2147483648 + a.atttypmod) * CASE WHEN a.attnotnull THEN -1 ELSE 1 END)::text, ',') AS types,
                bool_or(a.atthasdef) AS has_defaults,
                json_object_agg(a.attnum, a.attidentity::text || a.attgenerated::text)
                  FILTER (WHERE a.attidentity <> '' OR a.attgenerated <> '') AS origins,
                json_object_agg(a.attnum, (
                  SELECT CASE WHEN x.collnamespace = 'pg_catalog'::regnamespace THEN '' ELSE quote_ident(m.nspname) || '.' END
                         || x.collname
                    FROM pg_collation x
                    JOIN pg_namespace m ON m.oid = x.collnamespace
                    JOIN pg_type t ON t.oid = a.atttypid
                   WHERE x.oid = a.attcollation AND t.typcollation <> a.attcollation))
                  FILTER (WHERE a.attcollation NOT IN (0, 100)) AS collations,
                json_object_agg(a.attnum, (
                  WITH RECURSIVE inner_type AS (
                    SELECT a.atttypid AS oid, false AS required, false AS element
                     UNION ALL
                    SELECT CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END,
                           i.required OR (t.typtype = 'd' AND t.typnotnull AND NOT i.element),
                           i.element OR t.typtype <> 'd'
                      FROM inner_type i
                      JOIN pg_type t ON t.oid = i.oid
                     WHERE t.typtype = 'd' OR (t.typelem <> 0 AND t.typlen = -1)
                  )
                  SELECT json_build_array(t.typname, i.required, format_type(a.atttypid, a.atttypmod))
                    FROM inner_type i
                    JOIN pg_type t ON t.oid = i.oid
                   WHERE t.typtype <> 'd' AND NOT (t.typelem <> 0 AND t.typlen = -1)))
                  FILTER (WHERE a.atttypid >= 16384) AS user_types
           FROM (
             SELECT *
               FROM pg_attribute
              WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
              ORDER BY attnum
           ) a
       ) k
 CROSS JOIN LATERAL (
         SELECT array_agg(d.objsubid)::text AS commented, json_agg(d.description)::text AS comments
           FROM pg_description d
          WHERE d.objoid = c.oid AND d.classoid = 'pg_class'::regclass
       ) remark
 WHERE c.oid = ANY ($1::oid[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
 ORDER BY c.oid`;
}

/**
 * The names of PostgreSQL's own types with the oids `$1` and modifiers `$2`, in their order. A page has some twenty
 * different ones among ten thousands of columns, and the server takes a microsecond to write each out. `base` is the name
 * without modifiers; of an array, the name of what it holds.
 */
export const TYPE_NAMES = `
SELECT format_type(u.oid, u.modifier) AS name,
       CASE WHEN t.typtype <> 'c' AND t.typname NOT LIKE '\\_pg\\_%' THEN coalesce(e.typname, t.typname) END AS base
  FROM unnest($1::oid[], $2::int4[]) WITH ORDINALITY u(oid, modifier, place)
  LEFT JOIN pg_type t ON t.oid = u.oid
  LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typlen = -1
 ORDER BY u.place`;

/** One row of `TYPE_NAMES`. */
export interface TypeName {
  name: string;
  base: string | null;
}

/** One row of `readQuery`. */
export interface ReadRow {
  key: string;
  schema: string;
  name: string;
  kind: 'r' | 'p' | 'v' | 'm' | 'f';
  owner: string;
  rows: number;
  bytes: number;
  /** Of each column in their order. Null without columns. */
  attnums: string | null;
  /** Of each column in their order, as the text of a JSON array. */
  names: string | null;
  /**
   * Of each column in their order, commas between: 2^31 times the oid of its type plus the modifier, which is -1 or more;
   * negative where the column refuses NULL. Of one number the server is done sooner than of a text of three parts.
   */
  types: string | null;
  /** By attnum, as all that only few columns have: `a` or `d` for identity, `s` or `v` for generated ones. */
  origins: Record<string, 'a' | 'd' | 's' | 'v'> | null;
  collations: Record<string, string | null> | null;
  /** The type behind a user's type, whether a domain on the way refuses NULL, and the user's type itself. */
  user_types: Record<string, [base: string, required: boolean, name: string]> | null;
  /** The attnums that have comments, 0 for the relation itself, as PostgreSQL's array. Null without comments. */
  commented: string | null;
  /** The comments in that order, as the text of a JSON array. */
  comments: string | null;
  defaults: Record<string, string | null> | null;
  keys: ReadKey[] | null;
  indexes: ReadIndex[] | null;
  partitioned_by: string | null;
  partitions: ReadPartition[] | null;
  view_definition: string | null;
  properties: ReadProperties;
}
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
