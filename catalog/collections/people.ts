import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import { lockCollection } from './collection.js';
import { CollectionFull, LastOwner, OwnerNotMember } from './errors.js';

const MOST_OWNERS = 50;

/**
 * Makes a person an owner. Repeatable.
 * @throws NotFound for a person there is not or who is disabled; OwnerNotMember; CollectionFull
 */
export async function addOwner(database: Database, collectionId: string, personId: string): Promise<void> {
  await database.transaction(async (transaction) => {
    const { visibility } = await lockCollection(transaction, collectionId);
    const [person] = await query<{ sees: boolean }>(
      transaction,
      `SELECT p.tenant_role = 'admin' OR EXISTS (
                SELECT 1
                  FROM collection c
                  JOIN workspace_member m ON m.workspace_id = c.workspace_id
                 WHERE c.id = :collectionId AND m.person_id = p.id) AS sees
         FROM person p
        WHERE p.id = :personId AND p.disabled_at IS NULL`,
      { collectionId, personId },
    );
    if (person === undefined) throw new NotFound('person', personId);
    if (visibility === 'workspace' && !person.sees) throw new OwnerNotMember();
    await query(
      transaction,
      'INSERT INTO collection_owner (collection_id, person_id) VALUES (?, ?) ON CONFLICT DO NOTHING',
      [collectionId, personId],
    );
    const owners = await query(transaction, 'SELECT 1 FROM collection_owner WHERE collection_id = ?', [collectionId]);
    if (owners.length > MOST_OWNERS) throw new CollectionFull('owners', MOST_OWNERS);
  });
}

/** @throws NotFound when the person is no owner; LastOwner when nobody who can sign in would be left */
export async function removeOwner(database: Database, collectionId: string, personId: string): Promise<void> {
  await database.transaction(async (transaction) => {
    await lockCollection(transaction, collectionId);
    const removed = await query(
      transaction,
      'DELETE FROM collection_owner WHERE collection_id = ? AND person_id = ? RETURNING 1',
      [collectionId, personId],
    );
    if (removed.length === 0) throw new NotFound('owner', personId);
    const left = await query(
      transaction,
      `SELECT 1
         FROM collection_owner o
         JOIN person p ON p.id = o.person_id
        WHERE o.collection_id = ? AND p.disabled_at IS NULL`,
      [collectionId],
    );
    if (left.length === 0) throw new LastOwner();
  });
}

/** Follows a collection, or no more. Repeatable. Whether the person sees it has been asked before. */
export async function setFollowing(
  database: Database,
  collectionId: string,
  personId: string,
  following: boolean,
): Promise<void> {
  await query(
    database,
    following
      ? `INSERT INTO collection_follower (collection_id, person_id)
         SELECT id, :personId FROM collection WHERE id = :collectionId
         ON CONFLICT DO NOTHING`
      : 'DELETE FROM collection_follower WHERE collection_id = :collectionId AND person_id = :personId',
    { collectionId, personId },
  );
}
