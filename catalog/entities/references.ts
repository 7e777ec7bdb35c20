import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { DECIMAL, decodeCursor, type Page, pageOf } from '../model/cursor.js';
import { requireVisible } from './entity.js';
import { hiddenNames, isAmong, type Restricted } from './shown-structure.js';

/** A foreign key between two tables of the map, seen from one of them. */
export interface Reference {
  /** The name of the constraint. */
  name: string;
  columns: string[];
  /** Restricted where that is in a database of the map that the asker may not see. */
  references: { database: string; schema: string | null; table: string; columns: string[] } | Restricted;
  onUpdate: string | null;
  onDelete: string | null;
  /** The table at the other end; null where the map has none that the asker may see. */
  entity: { id: string; type: string; name: string; database: string; schema: string | null } | null;
}

/**
 * What a foreign key `k` of the entity `e` in the database `d` refers to: where it does not name a database or a schema, its
 * own are meant. A source may name a database of the same server.
 */
const POINTS_TO = `
  JOIN LATERAL (
    SELECT coalesce(k.key -> 'references' ->> 'database', d.name) AS database,
           coalesce(k.key -> 'references' ->> 'schema', e.schema_name) AS schema,
           k.key -> 'references' ->> 'table' AS "table"
  ) to_ ON TRUE`;

const FOREIGN_KEY = `
  k.key ->> 'name' AS name, k.key -> 'columns' AS columns,
  jsonb_build_object(
    'database', to_.database, 'schema', to_.schema, 'table', to_.table, 'columns', k.key -> 'references' -> 'columns'
  ) AS "references",
  k.key ->> 'onUpdate' AS "onUpdate", k.key ->> 'onDelete' AS "onDelete"`;

/**
 * Lists the foreign keys of a table with the tables they refer to. Of what is in a database that the asker may not see the
 * key's own name and columns are told alone; a database that the map does not have stands as the key names it.
 * @param visible a condition on collected_database under the alias `d`
 * @throws NotFound
 */
export async function listReferences(database: Database, entityId: string, visible: Knex.Raw): Promise<Reference[]> {
  await requireVisible(database, entityId, visible);
  const rows = await query<Reference & { references: { database: string }; hidden: string[] }>(
    database,
    `SELECT ${FOREIGN_KEY}, x.entity, ${hiddenNames('s.structure', ':visible')} AS hidden
       FROM entity e
       JOIN collected_database d ON d.id = e.collected_database_id
       CROSS JOIN LATERAL (SELECT e.structure::jsonb - 'columns' AS structure OFFSET 0) s
       CROSS JOIN LATERAL jsonb_array_elements(s.structure -> 'foreignKeys') WITH ORDINALITY AS k (key, place)
       ${POINTS_TO}
       CROSS JOIN LATERAL (SELECT d.source_type, d.instance) AS server
       LEFT JOIN LATERAL (
         SELECT jsonb_build_object(
                  'id', o.id::text, 'type', o.type, 'name', o.name, 'database', d.name, 'schema', o.schema_name
                ) AS entity
           FROM collected_database d
           JOIN entity o ON o.collected_database_id = d.id
          WHERE d.source_type = server.source_type AND d.instance = server.instance AND d.name = to_.database
            AND o.kind = 'table' AND o.schema_name IS NOT DISTINCT FROM to_.schema AND o.name = to_.table
            AND o.removed_at IS NULL AND :visible
       ) x ON TRUE
      WHERE e.id = :entityId
      ORDER BY k.place`,
    { entityId, visible },
  );
  return rows.map(({ hidden, ...reference }) =>
    isAmong(hidden, reference.references.database) ? { ...reference, references: { restricted: true } } : reference,
  );
}

/**
 * Lists the foreign keys of other tables, and its own, that refer to a table; of tables that the asker may see.
 * @param visible a condition on collected_database under the alias `d`
 * @throws NotFound, InvalidCursor
 */
export async function listReferrers(
  database: Database,
  entityId: string,
  page: { cursor?: string | undefined; limit: number },
  visible: Knex.Raw,
): Promise<Page<Reference>> {
  await requireVisible(database, entityId, visible);
  const [id, place] = decodeCursor(page.cursor, [DECIMAL, DECIMAL]) ?? ['0', '0'];
  const rows = await query<Reference & { id: string; place: number }>(
    database,
    `WITH target AS (
       SELECT o.name, o.schema_name, b.name AS database, b.source_type, b.instance
         FROM entity o
         JOIN collected_database b ON b.id = o.collected_database_id
        WHERE o.id = :entityId AND o.kind = 'table'
     )
     SELECT ${FOREIGN_KEY}, e.id, k.place::int,
            jsonb_build_object(
              'id', e.id::text, 'type', e.type, 'name', e.name, 'database', d.name, 'schema', e.schema_name
            ) AS entity
       FROM target t
       -- Found by the index entity_foreign_keys.
       JOIN entity e
         ON e.removed_at IS NULL AND strpos(e.structure, '"references":') > 0
        AND e.structure::jsonb -> 'foreignKeys'
            @> jsonb_build_array(jsonb_build_object('references', jsonb_build_object('table', t.name)))
       JOIN collected_database d
         ON d.id = e.collected_database_id AND d.source_type = t.source_type AND d.instance = t.instance
       CROSS JOIN LATERAL jsonb_array_elements(e.structure::jsonb -> 'foreignKeys') WITH ORDINALITY AS k (key, place)
       ${POINTS_TO}
      WHERE to_.table = t.name AND to_.database = t.database AND to_.schema IS NOT DISTINCT FROM t.schema_name
        AND (e.id, k.place) > (CAST(:id AS bigint), CAST(:place AS bigint))
        AND :visible
      ORDER BY e.id, k.place
      LIMIT :limit + 1`,
    { entityId, id: id ?? '0', place: place ?? '0', visible, limit: page.limit },
  );
  return pageOf(
    rows,
    page.limit,
    ({ id: _id, place: _place, ...reference }) => reference,
    (row) => [row.id, String(row.place)],
  );
}
