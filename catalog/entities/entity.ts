import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { prepared } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';

import type { StoredStructure } from '../model/stored-structure.js';
import { hiddenNames, type ShownStructure, shownStructure } from './shown-structure.js';

export type EntityKind = 'database' | 'schema' | 'table';

/** An entity as lists show it. Ids are decimal text. */
export interface EntitySummary {
  id: string;
  guid: string;
  kind: EntityKind;
  /** DATABASE, SCHEMA, or one of TABLE_TYPES. */
  type: string;
  name: string;
  database: string;
  schema: string | null;
  owner: string | null;
  /** The source's own words. */
  comment: string | null;
  /** People's words. */
  description: string | null;
  columnCount: number;
  /** Estimates of the source; null where it has none, and of tombstones. */
  rows: number | null;
  bytes: number | null;
  version: number;
  changedAt: Date;
  /** Set on a tombstone. */
  removedAt: Date | null;
}

export interface Entity extends EntitySummary {
  /** The database's row in the crawler's scope. */
  databaseId: string;
  sourceType: string;
  instance: string;
  dataSource: { id: string; name: string };
  crawler: { id: string; name: string };
  workspace: { id: string; name: string };
  visibility: 'tenant' | 'workspace';
  /** Keys, indexes, view text and the like. Columns and partitions have lists of their own, for there may be many. */
  structure: Omit<ShownStructure, 'columns'>;
  partitionCount: number;
  createdAt: Date;
  /** When the structure changed last, and the run that saw it. */
  changedRunId: string;
  /** When the database was last listed completely; null before the first time. */
  collectedAt: Date | null;
}

/** Columns of an EntitySummary; `e` is entity, `d` collected_database, `o` source_object. */
export const SUMMARY_COLUMNS = `
  e.id, e.guid, e.kind, e.type, e.name, d.name AS database, e.schema_name AS schema, e.owner, e.comment,
  (SELECT a.description FROM annotation a WHERE a.entity_id = e.id AND a.column_name = '') AS description,
  e.column_count AS "columnCount", o.row_estimate::float8 AS rows, o.size_bytes::float8 AS bytes, e.version,
  e.changed_at AS "changedAt", e.removed_at AS "removedAt"`;

/** Columns of an Entity; beside those of its summary, `s` is data_source, `c` crawler, `w` workspace, `p` its structure taken apart. Takes the condition of visibility. */
const COLUMNS = `${SUMMARY_COLUMNS},
  d.id AS "databaseId", d.source_type AS "sourceType", d.instance, d.visibility,
  jsonb_build_object('id', s.id, 'name', s.name) AS "dataSource",
  jsonb_build_object('id', c.id, 'name', c.name) AS crawler,
  jsonb_build_object('id', w.id, 'name', w.name) AS workspace,
  p.structure, ${hiddenNames('p.structure', '?')} AS hidden,
  (SELECT count(*)::int FROM table_partition p WHERE p.entity_id = e.id) AS "partitionCount",
  e.created_at AS "createdAt", e.changed_run_id AS "changedRunId", d.last_complete_at AS "collectedAt"`;

/**
 * Reads one entity, by id or by guid. A guid may stand on several tombstones: the living entity is meant where there
 * is one, the last that was removed otherwise.
 * @param visible what the asker may see, as a condition on collected_database under the alias `d`
 * @throws NotFound also for what exists and may not be seen
 */
export async function getEntity(
  database: Database,
  which: { id: string } | { guid: string },
  visible: Knex.Raw,
): Promise<Entity> {
  return findEntity(database, which, visible, { columns: '', bindings: [] });
}

/**
 * The same, with more columns in the one statement.
 * @param more.columns after a comma, on the aliases that COLUMNS has
 * @throws NotFound
 */
export async function findEntity<More extends object>(
  database: Database,
  which: { id: string } | { guid: string },
  visible: Knex.Raw,
  more: { columns: string; bindings: readonly string[] },
): Promise<Entity & More> {
  const [column, value] = 'id' in which ? ['id', which.id] : ['guid', which.guid];
  const [row] = await prepared<EntityRow & More>(
    database,
    `SELECT ${COLUMNS}${more.columns}
     FROM entity e
     JOIN collected_database d ON d.id = e.collected_database_id
     JOIN data_source s ON s.id = d.data_source_id
     JOIN crawler c ON c.id = d.crawler_id
     JOIN workspace w ON w.id = d.workspace_id
     LEFT JOIN source_object o ON o.entity_id = e.id
     CROSS JOIN LATERAL (SELECT e.structure::jsonb - 'columns' AS structure OFFSET 0) p
     WHERE e.${column} = ? AND ?
     ORDER BY e.removed_at DESC NULLS FIRST, e.id DESC
     LIMIT 1`,
    [visible, ...more.bindings, value, visible],
  );
  if (row === undefined) throw new NotFound('entity', value);
  const { hidden, ...entity } = row;
  const { columns: _, ...structure } = shownStructure(row.structure, hidden, row.schema);
  return { ...(entity as Entity & More), structure };
}

type EntityRow = Omit<Entity, 'structure'> & { structure: StoredStructure; hidden: string[] };

/**
 * Proves that an entity is there and may be seen, for the lists that hang on it.
 * @throws NotFound otherwise
 */
export async function requireVisible(database: Database, entityId: string, visible: Knex.Raw): Promise<void> {
  const rows = await prepared(
    database,
    `SELECT 1
     FROM entity e
     JOIN collected_database d ON d.id = e.collected_database_id
     WHERE e.id = ? AND ?`,
    [entityId, visible],
  );
  if (rows.length === 0) throw new NotFound('entity', entityId);
}
