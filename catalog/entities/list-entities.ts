import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { prepared } from '../../db/query.js';
import { ANY_TEXT, DECIMAL, decodeCursor, type Page, pageOf } from '../model/cursor.js';
import { type EntitySummary, SUMMARY_COLUMNS } from './entity.js';

/** Databases of all sources, or the schemas or tables of one database. Tombstones are never listed. */
export type EntityFilter =
  | { kind: 'database'; dataSourceId?: string; crawlerId?: string; workspaceId?: string }
  | { kind: 'schema' | 'table'; databaseId: string; schema?: string };

/**
 * Lists entities by schema and name. A late page costs what the first does: it goes on from the last row's key along
 * the index entity_listing.
 * @param visible a condition on collected_database under the alias `d`
 * @throws InvalidCursor
 */
export async function listEntities(
  database: Database,
  filter: EntityFilter,
  page: { cursor?: string; limit: number },
  visible: Knex.Raw,
): Promise<Page<EntitySummary>> {
  const after = decodeCursor(page.cursor, [ANY_TEXT, ANY_TEXT, DECIMAL]);
  const conditions = [...conditionsOf(filter), ...(after === undefined ? [] : [goesOnAfter(after)])];
  const rows = await prepared<EntitySummary>(
    database,
    `SELECT ${SUMMARY_COLUMNS}
     FROM entity e
     JOIN collected_database d ON d.id = e.collected_database_id
     LEFT JOIN source_object o ON o.entity_id = e.id
     WHERE e.removed_at IS NULL
       AND ${conditions.map(({ sql }) => sql).join('\n       AND ')}
       AND ?
     ORDER BY e.schema_name, e.name, e.id
     LIMIT ?`,
    [...conditions.flatMap(({ bindings }) => bindings), visible, page.limit + 1],
  );
  return pageOf(
    rows,
    page.limit,
    (row) => row,
    // Whether there is a schema stands before its name: an empty name is not the same as none.
    ({ schema, name, id }) => [schema === null ? '' : `.${schema}`, name, id],
  );
}

/** In words and not as a value, so that a plan that is kept knows how few databases there are among tables. */
const IS_KIND = { database: `e.kind = 'database'`, schema: `e.kind = 'schema'`, table: `e.kind = 'table'` };

interface Condition {
  sql: string;
  bindings: string[];
}

function conditionsOf(filter: EntityFilter): Condition[] {
  if (filter.kind === 'database') {
    const { dataSourceId, crawlerId, workspaceId } = filter;
    const equal = { 'd.data_source_id': dataSourceId, 'd.crawler_id': crawlerId, 'd.workspace_id': workspaceId };
    const given = Object.entries(equal).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return [
      { sql: IS_KIND.database, bindings: [] },
      ...given.map(([column, value]) => ({ sql: `${column} = ?`, bindings: [value] })),
    ];
  }
  return [
    { sql: IS_KIND[filter.kind], bindings: [] },
    { sql: 'e.collected_database_id = ?', bindings: [filter.databaseId] },
    ...(filter.schema === undefined ? [] : [{ sql: 'e.schema_name = ?', bindings: [filter.schema] }]),
  ];
}

/** Rows without a schema sort last, and within one database and kind either all have one or none has. */
function goesOnAfter([schema = '', name = '', id = '']: string[]): Condition {
  if (schema === '') return { sql: 'e.schema_name IS NULL AND (e.name, e.id) > (?, ?::bigint)', bindings: [name, id] };
  return {
    sql: '(e.schema_name, e.name, e.id) > (?, ?, ?::bigint)',
    bindings: [schema.slice(1), name, id],
  };
}
