/** The open database: owner, comment, encoding, collation, character classes. */
export const DESCRIBE = `
SELECT d.oid::text AS identity,
       pg_get_userbyid(d.datdba) AS owner,
       shobj_description(d.oid, 'pg_database') AS comment,
       pg_encoding_to_char(d.encoding) AS encoding,
       d.datcollate AS collation,
       d.datctype AS character_classes,
       (
         SELECT json_agg(json_build_array(
                  n.oid::text, n.nspname, pg_get_userbyid(n.nspowner), obj_description(n.oid, 'pg_namespace'),
                  has_schema_privilege(n.oid, 'USAGE')) ORDER BY n.nspname)
           FROM pg_namespace n
          WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
       ) AS schemas
  FROM pg_database d
 WHERE d.datname = current_database()`;

export interface DescribeRow {
  /** A database that is made again under its name has another. */
  identity: string;
  owner: string;
  comment: string | null;
  encoding: string;
  collation: string;
  character_classes: string;
  schemas: SchemaRow[] | null;
}
export type SchemaRow = [oid: string, name: string, owner: string, comment: string | null, usable: boolean];

/** Databases that can be opened at all, with whether this account may. Templates are nobody's data. */
export const DATABASES = `
SELECT d.datname AS name,
       shobj_description(d.oid, 'pg_database') AS comment,
       has_database_privilege(d.oid, 'CONNECT') AS allowed
  FROM pg_database d
 WHERE d.datallowconn AND NOT d.datistemplate
 ORDER BY d.datname`;

export interface DatabaseRow {
  name: string;
  comment: string | null;
  allowed: boolean;
}
