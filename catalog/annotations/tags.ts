import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NameTaken, NotFound, VersionConflict } from '../../db/refusals.js';
import { isUniqueViolation } from '../../db/violations.js';
import { ANY_TEXT, decodeCursor, type Page, pageOf } from '../model/cursor.js';

/** A word of the tenant's vocabulary: made by being used. */
export interface Tag {
  id: string;
  name: string;
  version: number;
  /** Living entities that have it, by themselves or on a column; of those that the asker may see. */
  entities: number;
}

/**
 * Lists the tags of what the asker may see, by name.
 * @param filter.text found at the beginning of the name, whatever the case
 * @param filter.unused also those that nothing visible has: for who keeps the vocabulary
 * @param visible a condition on collected_database under the alias `d`
 * @throws InvalidCursor
 */
export async function listTags(
  database: Database,
  filter: { text?: string | undefined; unused: boolean },
  page: { cursor?: string | undefined; limit: number },
  visible: Knex.Raw,
): Promise<Page<Tag>> {
  const [after] = decodeCursor(page.cursor, [ANY_TEXT]) ?? [''];
  const rows = await query<Tag & { place: string }>(
    database,
    `SELECT t.id, t.name, t.version, u.entities, lower(t.name) AS place
       FROM tag t
       CROSS JOIN LATERAL (
         SELECT count(DISTINCT e.id)::int AS entities
           FROM annotation_tag l
           JOIN entity e ON e.id = l.entity_id AND e.removed_at IS NULL
           JOIN collected_database d ON d.id = e.collected_database_id
          WHERE l.tag_id = t.id AND :visible
       ) u
      WHERE lower(t.name) > :after AND starts_with(lower(t.name), lower(:begins)) AND (u.entities > 0 OR :unused)
      ORDER BY lower(t.name)
      LIMIT :limit + 1`,
    { after: after ?? '', begins: filter.text ?? '', visible, unused: filter.unused, limit: page.limit },
  );
  return pageOf(
    rows,
    page.limit,
    ({ place: _, ...tag }) => tag,
    ({ place }) => [place],
  );
}

/** @throws NotFound */
export async function getTag(database: Database, id: string): Promise<Tag> {
  const [tag] = await query<Tag>(
    database,
    `SELECT t.id, t.name, t.version, (
              SELECT count(DISTINCT l.entity_id)::int
                FROM annotation_tag l
                JOIN entity e ON e.id = l.entity_id AND e.removed_at IS NULL
               WHERE l.tag_id = t.id
            ) AS entities
       FROM tag t
      WHERE t.id = ?`,
    [id],
  );
  if (tag === undefined) throw new NotFound('tag', id);
  return tag;
}

/** Gives a tag another name, everywhere at once. @throws NotFound, VersionConflict, NameTaken */
export async function renameTag(database: Database, id: string, version: number, name: string): Promise<Tag> {
  try {
    return await database.transaction(async (transaction) => {
      const renamed = await query(
        transaction,
        'UPDATE tag SET name = ?, version = version + 1 WHERE id = ? AND version = ? RETURNING id',
        [name, id, version],
      );
      if (renamed.length === 0) throw new VersionConflict('tag', id, (await getTag(transaction, id)).version);
      await reindex(transaction, id);
      return getTag(transaction, id);
    });
  } catch (error) {
    if (isUniqueViolation(error)) throw new NameTaken('tag', name);
    throw error;
  }
}

/** Gives whatever has the one tag the other instead, and forgets the one. @returns the other @throws NotFound */
export async function mergeTag(database: Database, id: string, intoId: string): Promise<Tag> {
  return database.transaction(async (transaction) => {
    await getTag(transaction, intoId);
    await reindex(transaction, id);
    await query(
      transaction,
      `INSERT INTO annotation_tag (entity_id, column_name, tag_id)
       SELECT entity_id, column_name, ? FROM annotation_tag WHERE tag_id = ?
       ON CONFLICT DO NOTHING`,
      [intoId, id],
    );
    if (id !== intoId) await query(transaction, 'DELETE FROM tag WHERE id = ?', [id]);
    return getTag(transaction, intoId);
  });
}

/** Takes a tag off whatever has it and out of the vocabulary. Histories keep its name. */
export async function deleteTag(database: Database, id: string): Promise<void> {
  await database.transaction(async (transaction) => {
    await reindex(transaction, id);
    await query(transaction, 'DELETE FROM tag WHERE id = ?', [id]);
  });
}

/** What search shows of an entity names its tags. */
async function reindex(transaction: Database, tagId: string): Promise<void> {
  await query(
    transaction,
    `INSERT INTO search_outbox (entity_id, crawler_id)
     SELECT DISTINCT e.id, d.crawler_id
       FROM annotation_tag l
       JOIN entity e ON e.id = l.entity_id AND e.removed_at IS NULL
       JOIN collected_database d ON d.id = e.collected_database_id
      WHERE l.tag_id = ?`,
    [tagId],
  );
}
