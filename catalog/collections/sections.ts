import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound, VersionConflict } from '../../db/refusals.js';
import { InvalidInput } from '../model/errors.js';
import type { Asker } from './collection.js';
import { CollectionFull } from './errors.js';

const MOST_SECTIONS = 200;

/** A heading in a collection under which items stand. */
export interface Section {
  id: string;
  name: string;
  /** Markdown. */
  description: string | null;
  /** Of the items that the asker may see. */
  itemCount: number;
}

/** The sections of a collection, in their order. */
export async function listSections(database: Database, collectionId: string, asker: Asker): Promise<Section[]> {
  return query<Section>(
    database,
    `SELECT s.id, s.name, s.description, coalesce(n.items, 0) AS "itemCount"
       FROM collection_section s
       LEFT JOIN (
         SELECT i.section_id, count(*)::int AS items
           FROM collection_item i
           JOIN entity e ON e.id = i.entity_id
           JOIN collected_database d ON d.id = e.collected_database_id
          WHERE i.collection_id = :collectionId AND :items
          GROUP BY i.section_id
       ) n ON n.section_id = s.id
      WHERE s.collection_id = :collectionId
      ORDER BY s.place, s.id`,
    { collectionId, items: asker.items },
  );
}

/**
 * Adds a section after the others.
 * @returns its id
 * @throws NotFound; CollectionFull
 */
export async function addSection(
  database: Database,
  collectionId: string,
  section: { name: string; description?: string | null | undefined },
): Promise<string> {
  return database.transaction(async (transaction) => {
    await touch(transaction, collectionId);
    const [made] = await query<{ id: string; sections: number }>(
      transaction,
      `INSERT INTO collection_section (collection_id, name, description, place)
       SELECT :collectionId, :name, :description, coalesce(max(place), 0) + 1
         FROM collection_section WHERE collection_id = :collectionId
       RETURNING id,
                 (SELECT count(*)::int FROM collection_section WHERE collection_id = :collectionId) AS sections`,
      { collectionId, name: section.name, description: section.description ?? null },
    );
    // The count is of before the new one.
    if ((made?.sections ?? 0) >= MOST_SECTIONS) throw new CollectionFull('sections', MOST_SECTIONS);
    return made?.id ?? '';
  });
}

/** Changes what is given. @throws NotFound; VersionConflict */
export async function updateSection(
  database: Database,
  collectionId: string,
  sectionId: string,
  change: { name?: string | undefined; description?: string | null | undefined; version: number },
): Promise<void> {
  await database.transaction(async (transaction) => {
    await touch(transaction, collectionId, change.version);
    const updated = await query(
      transaction,
      `UPDATE collection_section
          SET name = coalesce(:name, name),
              description = CASE WHEN :describes THEN :description ELSE description END
        WHERE id = :sectionId AND collection_id = :collectionId
        RETURNING 1`,
      {
        sectionId,
        collectionId,
        name: change.name ?? null,
        describes: change.description !== undefined,
        description: change.description ?? null,
      },
    );
    if (updated.length === 0) throw new NotFound('section', sectionId);
  });
}

/** Its items stay in the collection, after those that stand under no section. @throws NotFound */
export async function deleteSection(database: Database, collectionId: string, sectionId: string): Promise<void> {
  await database.transaction(async (transaction) => {
    await touch(transaction, collectionId);
    await query(
      transaction,
      `UPDATE collection_item i
          SET section_id = NULL,
              place = i.place + (
                SELECT coalesce(max(place), 0)
                  FROM collection_item
                 WHERE collection_id = :collectionId AND section_id IS NULL)
        WHERE i.collection_id = :collectionId AND i.section_id = :sectionId`,
      { collectionId, sectionId },
    );
    const deleted = await query(
      transaction,
      'DELETE FROM collection_section WHERE id = ? AND collection_id = ? RETURNING 1',
      [sectionId, collectionId],
    );
    if (deleted.length === 0) throw new NotFound('section', sectionId);
  });
}

/**
 * Puts the sections into this order.
 * @throws NotFound; VersionConflict; InvalidInput unless each section is named once
 */
export async function orderSections(
  database: Database,
  collectionId: string,
  order: { sectionIds: readonly string[]; version: number },
): Promise<void> {
  await database.transaction(async (transaction) => {
    await touch(transaction, collectionId, order.version);
    const placed = await query(
      transaction,
      `UPDATE collection_section s
          SET place = o.place
         FROM unnest(:sectionIds::uuid[]) WITH ORDINALITY AS o (id, place)
        WHERE s.id = o.id AND s.collection_id = :collectionId
        RETURNING 1`,
      { collectionId, sectionIds: [...order.sectionIds] },
    );
    const all = await query(transaction, 'SELECT 1 FROM collection_section WHERE collection_id = ?', [collectionId]);
    if (placed.length !== order.sectionIds.length || placed.length !== all.length)
      throw new InvalidInput([{ path: 'sectionIds', message: 'must name each section of the collection once' }]);
  });
}

/** Makes the next version of a collection, whose sections are part of it, and locks it. */
async function touch(transaction: Database, id: string, basedOn?: number): Promise<void> {
  const [row] = await query<{ version: number }>(
    transaction,
    'UPDATE collection SET version = version + 1, updated_at = now() WHERE id = ? RETURNING version',
    [id],
  );
  if (row === undefined) throw new NotFound('collection', id);
  if (basedOn !== undefined && row.version !== basedOn + 1)
    throw new VersionConflict('collection', id, row.version - 1);
}
