import type { FoundObject, ObjectName } from '../contract.js';
import type { Session } from './session.js';

/** The same relations as the listing has, by name, whether the account may use their schema or not. */
const FIND_OBJECTS = `
SELECT pg_catalog.lpad(c.oid::pg_catalog.text, 10, '0') AS key, n.nspname AS schema, c.relname AS name
  FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[])) AS w (schema, name)
  JOIN pg_catalog.pg_class c ON c.relname = w.name
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND (w.schema IS NULL OR n.nspname = w.schema)
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 ORDER BY c.oid`;

export async function findObjects(session: Session, names: readonly ObjectName[]): Promise<FoundObject[]> {
  if (names.length === 0) return [];
  return session.query<FoundObject>(FIND_OBJECTS, [names.map(({ schema }) => schema), names.map(({ name }) => name)]);
}
