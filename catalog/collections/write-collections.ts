import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound, VersionConflict } from '../../db/refusals.js';
import { isForeignKeyViolation } from '../../db/violations.js';
import { InvalidInput } from '../model/errors.js';
import type { CollectionVisibility } from './collection.js';
import { lockCollection } from './collection.js';
import { PrivateNotOfficial } from './errors.js';

/** What people say of a collection; what is left out stays as it is, or is nothing for a new one. */
export interface CollectionWords {
  name?: string | undefined;
  description?: string | null | undefined;
  coverColor?: string | null | undefined;
  visibility?: CollectionVisibility | undefined;
  workspaceId?: string | null | undefined;
}

/**
 * Creates a collection with its first owner. Whether that person may create one there has been asked before.
 * @returns its id
 * @throws InvalidInput when who sees it and its workspace do not fit; NotFound for a workspace that is gone
 */
export async function createCollection(
  database: Database,
  words: CollectionWords & { name: string; visibility: CollectionVisibility },
  ownerId: string,
): Promise<string> {
  requirePlace(words.visibility, words.workspaceId ?? null);
  const [row] = await inWorkspace(words.workspaceId, () =>
    query<{ id: string }>(
      database,
      `WITH made AS (
         INSERT INTO collection (name, description, cover_color, visibility, workspace_id, created_by)
         VALUES (:name, :description, :coverColor, :visibility, :workspaceId, :ownerId)
         RETURNING id
       )
       INSERT INTO collection_owner (collection_id, person_id)
       SELECT id, :ownerId FROM made
       RETURNING collection_id AS id`,
      {
        name: words.name,
        description: words.description ?? null,
        coverColor: words.coverColor ?? null,
        visibility: words.visibility,
        workspaceId: words.workspaceId ?? null,
        ownerId,
      },
    ),
  );
  return row?.id ?? '';
}

/**
 * Changes what is given. The official mark was given before those who saw the collection then: with another visibility
 * or workspace it is taken off.
 * @throws NotFound; VersionConflict; InvalidInput when who sees it and its workspace do not fit
 */
export async function updateCollection(
  database: Database,
  id: string,
  change: CollectionWords & { version: number },
): Promise<void> {
  await database.transaction(async (transaction) => {
    const [now] = await query<{ visibility: CollectionVisibility; workspaceId: string | null; version: number }>(
      transaction,
      'SELECT visibility, workspace_id AS "workspaceId", version FROM collection WHERE id = ? FOR UPDATE',
      [id],
    );
    if (now === undefined) throw new NotFound('collection', id);
    if (now.version !== change.version) throw new VersionConflict('collection', id, now.version);
    const visibility = change.visibility ?? now.visibility;
    // What becomes private leaves its workspace without being told to.
    const kept = visibility === 'private' ? null : now.workspaceId;
    const workspaceId = change.workspaceId === undefined ? kept : change.workspaceId;
    requirePlace(visibility, workspaceId);
    await inWorkspace(workspaceId, () =>
      query(
        transaction,
        `UPDATE collection
            SET name = coalesce(:name, name),
                description = CASE WHEN :describes THEN :description ELSE description END,
                cover_color = CASE WHEN :colours THEN :coverColor ELSE cover_color END,
                visibility = :visibility,
                workspace_id = :workspaceId,
                official_at = CASE WHEN :moves THEN NULL ELSE official_at END,
                official_by = CASE WHEN :moves THEN NULL ELSE official_by END,
                updated_at = now(), version = version + 1
          WHERE id = :id`,
        {
          id,
          name: change.name ?? null,
          describes: change.description !== undefined,
          description: change.description ?? null,
          colours: change.coverColor !== undefined,
          coverColor: change.coverColor ?? null,
          visibility,
          workspaceId,
          moves: visibility !== now.visibility || workspaceId !== now.workspaceId,
        },
      ),
    );
  });
}

/** With its items, sections, owners and followers. Returns whether it was there. */
export async function deleteCollection(database: Database, id: string): Promise<boolean> {
  return (await query(database, 'DELETE FROM collection WHERE id = ? RETURNING 1', [id])).length > 0;
}

/**
 * Sets or takes off the official mark. Repeatable: the first who set it stays named.
 * @throws NotFound; PrivateNotOfficial
 */
export async function setOfficial(database: Database, id: string, by: string | undefined): Promise<void> {
  await database.transaction(async (transaction) => {
    const { visibility } = await lockCollection(transaction, id);
    if (by !== undefined && visibility === 'private') throw new PrivateNotOfficial();
    await query(
      transaction,
      by === undefined
        ? 'UPDATE collection SET official_at = NULL, official_by = NULL WHERE id = :id'
        : 'UPDATE collection SET official_at = now(), official_by = :by WHERE id = :id AND official_at IS NULL',
      by === undefined ? { id } : { id, by },
    );
  });
}

function requirePlace(visibility: CollectionVisibility, workspaceId: string | null): void {
  if (visibility === 'workspace' && workspaceId === null)
    throw new InvalidInput([{ path: 'workspaceId', message: 'must name the workspace whose members see it' }]);
  if (visibility === 'private' && workspaceId !== null)
    throw new InvalidInput([{ path: 'workspaceId', message: 'must be left out: a private collection is its owners’' }]);
}

async function inWorkspace<T>(workspaceId: string | null | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isForeignKeyViolation(error, 'collection_workspace_id_fkey'))
      throw new NotFound('workspace', workspaceId ?? '');
    throw error;
  }
}
