import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { NameTaken, NotFound, VersionConflict } from '../db/refusals.js';

/** A search that a person keeps, for themselves or for a workspace. */
export interface SavedSearch {
  id: string;
  name: string;
  /** Text and filters as the API takes them. */
  query: Record<string, unknown>;
  owner: { id: string; name: string };
  /** Whose members see it; null where it is the owner's alone. */
  workspaceId: string | null;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

/** Who asks: their own searches and those of these workspaces are theirs to see. */
export interface Asker {
  personId: string;
  workspaceIds: readonly string[];
}

/** Searches kept by one person or shared with one workspace are few; more than this are not listed. */
const MOST = 500;

const COLUMNS = `
  s.id, s.name, s.query, jsonb_build_object('id', p.id, 'name', p.name) AS owner, s.workspace_id AS "workspaceId",
  s.version, s.created_at AS "createdAt", s.updated_at AS "updatedAt"`;
const SEEN = '(s.person_id = :personId OR s.workspace_id = ANY (:workspaceIds::uuid[]))';

/** The asker's own and those shared with their workspaces, by name. */
export function listSavedSearches(database: Database, asker: Asker): Promise<SavedSearch[]> {
  return query<SavedSearch>(
    database,
    `SELECT ${COLUMNS}
     FROM saved_search s JOIN person p ON p.id = s.person_id
     WHERE ${SEEN}
     ORDER BY lower(s.name), s.id
     LIMIT ${MOST}`,
    { ...asker, workspaceIds: [...asker.workspaceIds] },
  );
}

/** @throws NotFound also for what is another person's and not shared */
export async function getSavedSearch(database: Database, id: string, asker: Asker): Promise<SavedSearch> {
  const [row] = await query<SavedSearch>(
    database,
    `SELECT ${COLUMNS} FROM saved_search s JOIN person p ON p.id = s.person_id WHERE s.id = :id AND ${SEEN}`,
    { id, ...asker, workspaceIds: [...asker.workspaceIds] },
  );
  if (row === undefined) throw new NotFound('saved search', id);
  return row;
}

/** @throws NameTaken when the person has one of the name */
export async function createSavedSearch(
  database: Database,
  search: { personId: string; name: string; query: Record<string, unknown>; workspaceId: string | null },
): Promise<string> {
  const [row] = await query<{ id: string }>(
    database,
    `INSERT INTO saved_search (person_id, name, query, workspace_id)
     VALUES (:personId, :name, :query, :workspaceId)
     ON CONFLICT (person_id, name) DO NOTHING
     RETURNING id`,
    { ...search, query: JSON.stringify(search.query) },
  );
  if (row === undefined) throw new NameTaken('saved search', search.name);
  return row.id;
}

/**
 * Changes one of the person's own, if it still is at `version`.
 * @throws NotFound for another person's, VersionConflict, NameTaken
 */
export async function updateSavedSearch(
  database: Database,
  id: string,
  personId: string,
  change: { name: string; query: Record<string, unknown>; workspaceId: string | null; version: number },
): Promise<void> {
  const [taken] = await query(
    database,
    'SELECT 1 FROM saved_search WHERE person_id = :personId AND name = :name AND id <> :id',
    { id, personId, name: change.name },
  );
  if (taken !== undefined) throw new NameTaken('saved search', change.name);
  const rows = await query(
    database,
    `UPDATE saved_search
     SET name = :name, query = :query, workspace_id = :workspaceId, version = version + 1, updated_at = now()
     WHERE id = :id AND person_id = :personId AND version = :version
     RETURNING id`,
    { id, personId, ...change, query: JSON.stringify(change.query) },
  );
  if (rows.length > 0) return;
  const [now] = await query<{ version: number }>(
    database,
    'SELECT version FROM saved_search WHERE id = :id AND person_id = :personId',
    { id, personId },
  );
  if (now === undefined) throw new NotFound('saved search', id);
  throw new VersionConflict('saved search', id, now.version);
}

/** @throws NotFound for another person's */
export async function deleteSavedSearch(database: Database, id: string, personId: string): Promise<void> {
  const rows = await query(database, 'DELETE FROM saved_search WHERE id = :id AND person_id = :personId RETURNING id', {
    id,
    personId,
  });
  if (rows.length === 0) throw new NotFound('saved search', id);
}
