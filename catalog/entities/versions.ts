import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import { DECIMAL, decodeCursor, type Page, pageOf } from '../model/cursor.js';

import { placesOf } from '../model/guid.js';
import type { StoredStructure } from '../model/stored-structure.js';
import { requireVisible } from './entity.js';
import { hiddenNames, type ShownStructure, shownStructure } from './shown-structure.js';

export interface VersionSummary {
  version: number;
  /** When the structure was first seen like this, and the run that saw it. */
  recordedAt: Date;
  runId: string;
  /** As it was then: a rename changes it. */
  guid: string;
  type: string;
}

/**
 * An entity as it stood at one version: its stored snapshot, never the present one with marks. What of it the reader may see
 * is decided as databases stand now.
 */
export interface Version extends VersionSummary {
  owner: string | null;
  comment: string | null;
  structure: ShownStructure;
}

/** The current version stands in entity, superseded ones in entity_version. */
const ALL_VERSIONS = `
  SELECT id AS entity_id, version, changed_at AS recorded_at, changed_run_id AS run_id,
         split_part(guid, '#', 1) AS guid, type, owner, comment, structure
  FROM entity
  UNION ALL
  SELECT entity_id, version, recorded_at, run_id, guid, type, owner, comment, structure
  FROM entity_version`;

/**
 * Lists an entity's versions, newest first.
 * @param visible a condition on collected_database under the alias `d`
 * @throws NotFound, InvalidCursor
 */
export async function listVersions(
  database: Database,
  entityId: string,
  page: { cursor?: string; limit: number },
  visible: Knex.Raw,
): Promise<Page<VersionSummary>> {
  await requireVisible(database, entityId, visible);
  const [before] = decodeCursor(page.cursor, [DECIMAL]) ?? [];
  const rows = await query<VersionSummary>(
    database,
    `SELECT version, recorded_at AS "recordedAt", run_id AS "runId", guid, type
     FROM (${ALL_VERSIONS}) v
     WHERE entity_id = :entityId AND (CAST(:before AS bigint) IS NULL OR version < CAST(:before AS bigint))
     ORDER BY version DESC
     LIMIT :limit + 1`,
    { entityId, before: before ?? null, limit: page.limit },
  );
  return pageOf(
    rows,
    page.limit,
    (row) => row,
    ({ version }) => [String(version)],
  );
}

/**
 * Reads one version of an entity in full.
 * @param visible a condition on collected_database under the alias `d`
 * @throws NotFound when there is no such entity or version
 */
export async function getVersion(
  database: Database,
  entityId: string,
  version: number,
  visible: Knex.Raw,
): Promise<Version> {
  await requireVisible(database, entityId, visible);
  const [row] = await query<Omit<Version, 'structure'> & { structure: StoredStructure; hidden: string[] }>(
    database,
    `SELECT v.version, v.recorded_at AS "recordedAt", v.run_id AS "runId", v.guid, v.type, v.owner, v.comment, s.structure,
            ${hiddenNames('s.structure', '?')} AS hidden
     FROM (${ALL_VERSIONS}) v
     JOIN entity e ON e.id = v.entity_id
     JOIN collected_database d ON d.id = e.collected_database_id
     CROSS JOIN LATERAL (SELECT v.structure::jsonb AS structure OFFSET 0) s
     WHERE v.entity_id = ? AND v.version = ?`,
    [visible, entityId, version],
  );
  if (row === undefined) throw new NotFound('version', `${version} of entity ${entityId}`);
  const { hidden, ...rest } = row;
  return { ...rest, structure: shownStructure(row.structure, hidden, placesOf(row.guid).schema) };
}
