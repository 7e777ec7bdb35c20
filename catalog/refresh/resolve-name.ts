import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** A database that is collected, and by whom. */
export interface CollectedPlace {
  collectedDatabaseId: string;
  database: string;
  sourceType: string;
  instance: string;
  dataSourceId: string;
  dataSourceName: string;
  crawlerId: string;
  crawlerName: string;
  resourceGroupId: string;
  workspaceId: string;
  workspaceName: string;
  visibility: 'tenant' | 'workspace';
  /** When it was last listed completely. */
  collectedAt: Date | null;
}

/** A table that a name may mean. */
export interface NamedPlace extends CollectedPlace {
  schema: string | null;
  table: string;
  /** Of the table on the map; null where only its source can tell whether it is there. */
  entityId: string | null;
  /** Of that table. */
  guid: string | null;
}

const PLACE = `
  d.id AS "collectedDatabaseId", d.name AS database, d.source_type AS "sourceType", d.instance,
  d.data_source_id AS "dataSourceId", s.name AS "dataSourceName", c.id AS "crawlerId", c.name AS "crawlerName",
  c.resource_group_id AS "resourceGroupId", d.workspace_id AS "workspaceId", w.name AS "workspaceName", d.visibility,
  d.last_complete_at AS "collectedAt"`;
const JOINS = `
  JOIN data_source s ON s.id = d.data_source_id
  JOIN crawler c ON c.id = d.crawler_id AND c.status = 'active'
  JOIN workspace w ON w.id = d.workspace_id`;

/** The longest list of candidates that is told of one name. */
const MOST_CANDIDATES = 20;

/**
 * What a name may mean to somebody: a guid, the number of an entity, or a table's name with as many places before it as
 * it takes. Tables of the map first; where it has none of the name, the databases in which a source may have it.
 * @param visible what the asker may see, as a condition on collected_database under the alias `d`
 * @returns the tables, or the places to ask; both empty where nothing is known of the name, or may be
 */
export async function resolveName(database: Database, asked: string, visible: Knex.Raw): Promise<NamedPlace[]> {
  const known = await tablesNamed(database, asked, visible);
  return known.length > 0 ? known : placesFor(database, asked, visible);
}

/** By the index of listings: PostgreSQL 18 enters it once for each database and schema. */
async function tablesNamed(database: Database, asked: string, visible: Knex.Raw): Promise<NamedPlace[]> {
  const select = `
    SELECT ${PLACE}, e.schema_name AS schema, e.name AS "table", e.id AS "entityId", e.guid
      FROM entity e
      JOIN collected_database d ON d.id = e.collected_database_id
      ${JOINS}
     WHERE e.kind = 'table' AND e.removed_at IS NULL AND ?`;
  const limited = `ORDER BY e.id LIMIT ${MOST_CANDIDATES}`;
  if (isGuid(asked)) return query(database, `${select} AND e.guid = ? ${limited}`, [visible, asked]);
  if (/^[1-9]\d{0,17}$/.test(asked)) {
    const byId = await query<NamedPlace>(database, `${select} AND e.id = ?`, [visible, asked]);
    if (byId.length > 0) return byId;
  }
  const parts = asked.split('.');
  // A name may have dots in it: every end of what was asked may be the table's.
  const ends = parts.map((_, place) => parts.slice(place).join('.'));
  return query(
    database,
    `${select} AND e.name = ANY (?::text[])
       AND ? IN (e.name, concat_ws('.', e.schema_name, e.name), concat_ws('.', d.name, e.schema_name, e.name))
     ${limited}`,
    [visible, ends, asked],
  );
}

async function placesFor(database: Database, asked: string, visible: Knex.Raw): Promise<NamedPlace[]> {
  const readings = isGuid(asked) ? [readGuid(asked)] : readParts(asked.split('.'));
  const found: NamedPlace[] = [];
  for (const reading of readings) {
    if (reading === undefined) continue;
    const places = await query<CollectedPlace>(
      database,
      `SELECT ${PLACE}
         FROM collected_database d
         ${JOINS}
        WHERE ? AND d.name = ?
          AND (?::text IS NULL OR (d.instance = ? AND d.source_type = ?))
        ORDER BY d.id
        LIMIT ${MOST_CANDIDATES}`,
      [visible, reading.database, reading.instance ?? null, reading.instance ?? null, reading.sourceType ?? null],
    );
    for (const place of places) {
      // What stands between the database and the table is a schema where the source has them, else part of the name.
      const hasSchemas = await hasSchemasOf(database, place.collectedDatabaseId);
      if (hasSchemas ? reading.schema === null && reading.dotted === true : reading.schema !== null) continue;
      found.push({ ...place, schema: reading.schema, table: reading.table, entityId: null, guid: null });
    }
  }
  return found;
}

/** Asked of the living first, by the index of listings: a large database without schemas is not read through. */
async function hasSchemasOf(database: Database, collectedDatabaseId: string): Promise<boolean> {
  const rows = await query(
    database,
    `SELECT 1 FROM entity WHERE collected_database_id = :id AND kind = 'schema' AND removed_at IS NULL
     UNION ALL
     SELECT 1 FROM entity WHERE collected_database_id = :id AND kind = 'schema' AND removed_at IS NOT NULL
     LIMIT 1`,
    { id: collectedDatabaseId },
  );
  return rows.length > 0;
}

interface Reading {
  database: string;
  schema: string | null;
  table: string;
  instance?: string;
  sourceType?: string;
  /** The table's name has a dot in it, as it was read. */
  dotted?: true;
}

export const isGuid = (asked: string): boolean => /^[a-z0-9]+-table:/.test(asked);

function readGuid(guid: string): Reading | undefined {
  try {
    const [head = '', instance = '', , ...inner] = guid.split(':');
    const [database = '', schema = '', table = ''] = inner.map(decodeURIComponent);
    if (table === '') return undefined;
    const sourceType = head.slice(0, head.lastIndexOf('-'));
    return {
      database,
      schema: schema === '' ? null : schema,
      table,
      instance: decodeURIComponent(instance),
      sourceType,
    };
  } catch {
    // Not percent-encoded as ours are.
    return undefined;
  }
}

/** `database.schema.table` and `database.table`. A table's name alone does not tell whom to ask. */
function readParts([first = '', second, ...rest]: string[]): Reading[] {
  if (second === undefined) return [];
  if (rest.length === 0) return [{ database: first, schema: null, table: second }];
  return [
    { database: first, schema: second, table: rest.join('.') },
    { database: first, schema: null, table: [second, ...rest].join('.'), dotted: true },
  ];
}
