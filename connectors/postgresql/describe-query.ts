/** The open database: owner, comment, encoding, collation, character classes. */
export const DESCRIBE = `
SELECT pg_get_userbyid(d.datdba), shobj_description(d.oid, 'pg_database'), pg_encoding_to_char(d.encoding),
       d.datcollate, d.datctype,
       (
         SELECT json_agg(json_build_array(
                  n.oid::text, n.nspname, pg_get_userbyid(n.nspowner), obj_description(n.oid, 'pg_namespace'),
                  has_schema_privilege(n.oid, 'USAGE')) ORDER BY n.nspname)
           FROM pg_namespace n
          WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
       )
  FROM pg_database d
 WHERE d.datname = current_database()`;

/** The one row of `DESCRIBE`. */
export type DescribeRow = [
  owner: string,
  comment: string | null,
  encoding: string,
  collation: string,
  characterClasses: string,
  schemas: SchemaRow[] | null,
];
export type SchemaRow = [oid: string, name: string, owner: string, comment: string | null, usable: boolean];

/** Databases that can be opened at all, with whether this account may. Templates are nobody's data. */
export const DATABASES = `
SELECT d.datname, shobj_description(d.oid, 'pg_database'), has_database_privilege(d.oid, 'CONNECT')
  FROM pg_database d
 WHERE d.datallowconn AND NOT d.datistemplate
 ORDER BY d.datname`;

export type DatabaseRow = [name: string, comment: string | null, allowed: boolean];
