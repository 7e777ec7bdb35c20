import { FieldReader } from './binary-rows.js';
import { ownFingerprint, xidHash } from './fingerprint-query.js';
import { OWN_MARK } from './query-history.js';
import { columnsOf } from './read-columns.js';
import { indexesOf } from './read-indexes.js';
import { KEYS } from './read-keys.js';
import { USUAL_TYPES } from './read-types.js';

/** Nothing of `PROPERTIES` is other than it nearly always is. */
const HAS_NO_PROPERTIES = `
  c.relpersistence <> 'u' AND c.relam IN (0, 2) AND c.reltablespace = 0 AND c.reloptions IS NULL AND NOT c.relrowsecurity
  AND c.reloftype = 0 AND c.relkind <> 'f'
  AND NOT (c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid))`;

const PROPERTIES = `json_build_array(
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
       )`;

const FINGERPRINT = ownFingerprint({
  partitioned: `CASE WHEN c.relkind = 'p' THEN (SELECT b.xmin FROM pg_partitioned_table b WHERE b.partrelid = c.oid) END`,
  tablespace: `CASE WHEN c.reltablespace <> 0 THEN (SELECT s.spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace) END`,
  attribute: 'k.hash',
  description: 'listed.hash',
  index: 'index.hash',
  key: 'key.hash',
  default: `(SELECT sum(${xidHash('e.xmin', 'e.adnum')}) FROM pg_attrdef e WHERE e.adrelid = c.oid)`,
  rule: `CASE WHEN c.relhasrules THEN (SELECT sum(${xidHash('r.xmin', 'r.oid::bigint')}) FROM pg_rewrite r WHERE r.ev_class = c.oid) END`,
});

/**
 * Everything about the relations `$1` (oids), one row each, in one statement. Each part is a subquery by index for one
 * relation, so no plan can flip to scanning a whole catalogue, and the time is proportional to the page:
 * 20 columns, two keys and two indexes take 0.1 ms. With `texts` false the parts that can fail are left out: those that
 * print stored expressions and take locks while they do so.
 *
 * A table's structure comes as the very text that the catalog stores and hashes, byte for byte what `canonicalTable` writes
 * of the same structure as objects. The server writes it in a third to a half more time than it needs for the parts, and the worker,
 * which would otherwise spend most of a first crawl on taking parts and making text of them, passes it on. What a JSON text
 * of PostgreSQL has within quotes is what JSON.stringify writes.
 *
 * Each lookup of a partition is a subquery of its own, since a join with so small a tree is planned as one with the whole
 * of pg_class.
 */
export function readQuery({ texts }: { texts: boolean }): string {
  const text = (expression: string) => (texts ? expression : 'NULL::text');
  return `
WITH ${OWN_MARK} ${USUAL_TYPES}
SELECT lpad(c.oid::text, 10, '0') AS key,
       n.nspname AS schema,
       c.relname AS name,
       c.relkind AS kind,
       pg_get_userbyid(c.relowner) AS owner,
       listed.comment,
       ${FINGERPRINT} AS fingerprint,
       c.reltuples::float8 AS rows,
       c.relpages::float8 * current_setting('block_size')::int AS bytes,
       k.column_count,
       '{"columns":[' || k.columns || '],' || key.text
         || '"indexes":[' || coalesce(index.text, '') || '],'
         || CASE WHEN c.relkind = 'p' THEN coalesce('"partitionedBy":' || to_json(pg_get_partkeydef(c.oid))::text || ',', '') ELSE '' END
         || CASE WHEN c.relkind IN ('v', 'm') THEN
              coalesce('"viewDefinition":' || to_json(${text('pg_get_viewdef(c.oid, true)')})::text || ',', '')
            ELSE '' END
         || CASE WHEN rare.properties IS NULL THEN '"properties":{}}' ELSE '"properties":' END AS structure,
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
       rare.properties
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace${columnsOf(text)}${KEYS}${indexesOf(text)}
 CROSS JOIN LATERAL (
         -- OFFSET 0 skips nothing: it keeps the planner from asking for them twice.
         SELECT CASE WHEN ${HAS_NO_PROPERTIES} THEN NULL ELSE ${PROPERTIES} END AS properties OFFSET 0
       ) rare
 WHERE c.oid = ANY ($1::oid[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
 ORDER BY c.oid`;
}

/** One row of `readQuery`. */
export interface ReadRow {
  key: string;
  schema: string;
  name: string;
  kind: 'r' | 'p' | 'v' | 'm' | 'f';
  owner: string;
  comment: string | null;
  /** The part of the fingerprint that the relation's own rows tell, at the moment of the reading. */
  fingerprint: string;
  rows: number;
  bytes: number;
  columns: number;
  /** The structure as the catalog stores it: up to its properties where there are any, else whole. Part of the row. */
  structure: Buffer;
  partitions: ReadPartition[] | null;
  /** Null where all of them are as they nearly always are. */
  properties: ReadProperties | null;
}

/** What the server sent for one row of `readQuery`. */
export function readRow(row: Buffer): ReadRow {
  const fields = new FieldReader(row);
  return {
    key: fields.text() ?? '',
    schema: fields.text() ?? '',
    name: fields.text() ?? '',
    kind: fields.text() as ReadRow['kind'],
    owner: fields.text() ?? '',
    comment: fields.text(),
    fingerprint: fields.text() ?? '',
    rows: fields.double() ?? -1,
    bytes: fields.double() ?? 0,
    columns: fields.int() ?? 0,
    structure: fields.bytes() ?? Buffer.alloc(0),
    partitions: jsonOf<ReadPartition[]>(fields.text()),
    properties: jsonOf<ReadProperties>(fields.text()),
  };
}

const jsonOf = <T>(text: string | null): T | null => (text === null ? null : (JSON.parse(text) as T));

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
