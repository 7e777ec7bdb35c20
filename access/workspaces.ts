import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { NameTaken, NotFound, VersionConflict } from '../db/refusals.js';
import { isForeignKeyViolation, isUniqueViolation } from '../db/violations.js';
import { WorkspaceInUse } from './errors.js';

export interface Workspace {
  id: string;
  name: string;
  description: string | null;
  /** Of plans that name none. */
  timeZone: string;
  /** Who may find what its new databases hold: everybody of the tenant, or its members. */
  defaultVisibility: 'tenant' | 'workspace';
  createdAt: Date;
  updatedAt: Date;
  version: number;
  members: number;
}

interface Settings {
  name?: string;
  description?: string | null;
  timeZone?: string;
  defaultVisibility?: 'tenant' | 'workspace';
}

const SELECT = `
  SELECT w.id, w.name, w.description, w.time_zone AS "timeZone", w.default_visibility AS "defaultVisibility",
         w.created_at AS "createdAt", w.updated_at AS "updatedAt", w.version,
         (SELECT count(*)::int FROM workspace_member m WHERE m.workspace_id = w.id) AS members
    FROM workspace w`;

/** Creates a workspace with its first administrator. @throws NameTaken */
export async function createWorkspace(
  database: Database,
  workspace: Settings & { name: string },
  adminId: string,
): Promise<Workspace> {
  return database.transaction(async (transaction) => {
    const [row] = await query<{ id: string }>(
      transaction,
      `INSERT INTO workspace (name, description, time_zone, default_visibility)
       VALUES (:name, :description, :timeZone, :visibility)
       ON CONFLICT ON CONSTRAINT workspace_name_unique DO NOTHING
       RETURNING id`,
      {
        name: workspace.name,
        description: workspace.description ?? null,
        timeZone: workspace.timeZone ?? 'UTC',
        visibility: workspace.defaultVisibility ?? 'workspace',
      },
    );
    if (row === undefined) throw new NameTaken('workspace', workspace.name);
    await query(
      transaction,
      `INSERT INTO workspace_member (workspace_id, person_id, role) VALUES (:workspaceId, :adminId, 'admin')`,
      { workspaceId: row.id, adminId },
    );
    return getWorkspace(transaction, row.id);
  });
}

/** @throws NotFound */
export async function getWorkspace(database: Database, id: string): Promise<Workspace> {
  const [workspace] = await query<Workspace>(database, `${SELECT} WHERE w.id = ?`, [id]);
  if (workspace === undefined) throw new NotFound('workspace', id);
  return workspace;
}

/**
 * Workspaces by name, of those the person may see.
 * @param page.after the name of the last workspace of the page before
 */
export async function listWorkspaces(
  database: Database,
  visible: readonly string[] | 'everything',
  page: { after?: string; limit: number },
): Promise<Workspace[]> {
  return query<Workspace>(
    database,
    `${SELECT}
      WHERE (:visible::uuid[] IS NULL OR w.id = ANY (:visible::uuid[])) AND w.name > :after
      ORDER BY w.name
      LIMIT :limit`,
    { visible: visible === 'everything' ? null : [...visible], after: page.after ?? '', limit: page.limit },
  );
}

/** Changes what is given. A new default visibility is for databases to come. @throws NotFound, VersionConflict, NameTaken */
export async function updateWorkspace(
  database: Database,
  id: string,
  change: Settings & { version: number },
): Promise<Workspace> {
  try {
    const updated = await query(
      database,
      `WITH renamed AS (
         SELECT id FROM workspace WHERE id = :id AND version = :version AND name <> :name
       ), reindexed AS (
         -- What search shows of an entity names its workspace.
         INSERT INTO search_outbox (entity_id, crawler_id)
         SELECT e.id, d.crawler_id
           FROM renamed r
           JOIN collected_database d ON d.workspace_id = r.id
           JOIN entity e ON e.collected_database_id = d.id AND e.removed_at IS NULL
       )
       UPDATE workspace
          SET name = coalesce(:name, name),
              description = CASE WHEN :describes THEN :description ELSE description END,
              time_zone = coalesce(:timeZone, time_zone),
              default_visibility = coalesce(:visibility, default_visibility),
              updated_at = now(), version = version + 1
        WHERE id = :id AND version = :version
        RETURNING id`,
      {
        id,
        version: change.version,
        name: change.name ?? null,
        describes: change.description !== undefined,
        description: change.description ?? null,
        timeZone: change.timeZone ?? null,
        visibility: change.defaultVisibility ?? null,
      },
    );
    const workspace = await getWorkspace(database, id);
    if (updated.length === 0) throw new VersionConflict('workspace', id, workspace.version);
    return workspace;
  } catch (error) {
    if (isUniqueViolation(error, 'workspace_name_unique')) throw new NameTaken('workspace', change.name ?? '');
    throw error;
  }
}

/**
 * What retired databases left in it goes for good. Collections that its members saw become private ones of those of
 * their owners who were members; public ones stay. @throws NotFound; WorkspaceInUse while it owns data
 * sources or crawlers
 */
export async function deleteWorkspace(database: Database, id: string): Promise<void> {
  const workspace = await getWorkspace(database, id);
  try {
    await query(
      database,
      `WITH disowned AS (
         UPDATE collected_database SET workspace_id = NULL WHERE workspace_id = :id AND retired_at IS NOT NULL
       ), left_behind AS (
         UPDATE collection
            SET visibility = 'private', workspace_id = NULL, official_at = NULL, official_by = NULL,
                updated_at = now(), version = version + 1
          WHERE workspace_id = :id AND visibility = 'workspace'
          RETURNING id
       ), strangers AS (
         -- An owner who had left the workspace saw the collection no more, and does not get to see it by this.
         DELETE FROM collection_owner o
          USING left_behind c
          WHERE o.collection_id = c.id
            AND NOT EXISTS (SELECT 1 FROM workspace_member m WHERE m.workspace_id = :id AND m.person_id = o.person_id)
       )
       DELETE FROM workspace WHERE id = :id`,
      { id },
    );
  } catch (error) {
    if (!isForeignKeyViolation(error)) throw error;
    const [owned] = await query<{ sources: number; crawlers: number }>(
      database,
      `SELECT (SELECT count(*)::int FROM data_source WHERE workspace_id = :id) AS sources,
              (SELECT count(*)::int FROM crawler WHERE workspace_id = :id) AS crawlers`,
      { id },
    );
    throw new WorkspaceInUse(workspace.name, owned?.sources ?? 0, owned?.crawlers ?? 0);
  }
}
