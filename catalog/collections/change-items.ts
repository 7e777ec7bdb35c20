import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound, VersionConflict } from '../../db/refusals.js';
import { InvalidInput } from '../model/errors.js';
import { type Asker, lockCollection } from './collection.js';

/** Items of a collection that the asker may see, of the ids asked for; `asked` is its place among them, from 1. */
const SEEN = `
  SELECT i.entity_id, a.asked
    FROM unnest(:entityIds::bigint[]) WITH ORDINALITY AS a (entity_id, asked)
    JOIN collection_item i ON i.collection_id = :collectionId AND i.entity_id = a.entity_id
    JOIN entity e ON e.id = i.entity_id
    JOIN collected_database d ON d.id = e.collected_database_id
   WHERE :items`;

/** Sets or takes off the note of an item that the asker sees. @throws NotFound; VersionConflict */
export async function annotateItem(
  database: Database,
  collectionId: string,
  entityId: string,
  change: { note: string | null; version: number },
): Promise<void> {
  const updated = await query(
    database,
    `UPDATE collection_item
        SET note = :note, version = version + 1
      WHERE collection_id = :collectionId AND entity_id = :entityId AND version = :version
      RETURNING 1`,
    { collectionId, entityId, ...change },
  );
  if (updated.length > 0) return;
  const [now] = await query<{ version: number }>(
    database,
    'SELECT version FROM collection_item WHERE collection_id = ? AND entity_id = ?',
    [collectionId, entityId],
  );
  if (now === undefined) throw new NotFound('item', entityId);
  throw new VersionConflict('item', entityId, now.version);
}

/** Takes entities out of a collection. @returns the ids that were in it and that the asker may see */
export async function removeItems(
  database: Database,
  collectionId: string,
  entityIds: readonly string[],
  { items }: Asker,
): Promise<string[]> {
  const rows = await query<{ id: string }>(
    database,
    `WITH seen AS (${SEEN})
     DELETE FROM collection_item i
      USING seen
      WHERE i.collection_id = :collectionId AND i.entity_id = seen.entity_id
      RETURNING i.entity_id AS id`,
    { collectionId, entityIds: [...entityIds], items },
  );
  return rows.map(({ id }) => id);
}

/** Where items go: next to another, into its section, or to an end of a section (null: under none). */
export type Destination = { before: string } | { after: string } | { sectionId: string | null; at: 'start' | 'end' };

/** A place as a row of the section sorts: on the place of an item, before it or after it. */
interface Gap {
  sectionId: string | null;
  place: string;
  side: -1 | 0 | 1;
}
/** Places are far below: each renumbering begins at 1 again. */
const LAST = '4611686018427387904';

/**
 * Moves items, in the order given, and numbers the section they come to anew. What the asker may not see keeps its
 * place among its neighbours.
 * @returns the ids that were moved
 * @throws NotFound for a neighbour or a section there is not; InvalidInput when an item is to stand next to itself
 */
export async function moveItems(
  database: Database,
  collectionId: string,
  { entityIds, to }: { entityIds: readonly string[]; to: Destination },
  asker: Asker,
): Promise<string[]> {
  return database.transaction(async (transaction) => {
    await lockCollection(transaction, collectionId);
    const { sectionId, place, side } = await gapOf(transaction, collectionId, entityIds, to, asker);
    const bindings = { collectionId, entityIds: [...entityIds], items: asker.items };
    const moving = await query<{ id: string; asked: string }>(
      transaction,
      `SELECT entity_id AS id, asked FROM (${SEEN}) seen ORDER BY asked`,
      bindings,
    );
    await query(
      transaction,
      `WITH moving AS (
         SELECT m.id, m.asked FROM unnest(:moving::bigint[]) WITH ORDINALITY AS m (id, asked)
       ), ordered AS (
         SELECT id, row_number() OVER (ORDER BY place, side, asked) AS place
           FROM (
             SELECT entity_id AS id, place, 0 AS side, 0 AS asked
               FROM collection_item
              WHERE collection_id = :collectionId AND section_id IS NOT DISTINCT FROM :sectionId::uuid
                AND entity_id <> ALL (:moving::bigint[])
             UNION ALL
             SELECT id, :place::bigint, :side::integer, asked FROM moving
           ) placed
       )
       UPDATE collection_item i
          SET place = o.place, section_id = :sectionId::uuid
         FROM ordered o
        WHERE i.collection_id = :collectionId AND i.entity_id = o.id
          AND (i.place <> o.place OR i.section_id IS DISTINCT FROM :sectionId::uuid)`,
      { collectionId, moving: moving.map(({ id }) => id), sectionId, place, side },
    );
    return moving.map(({ id }) => id);
  });
}

async function gapOf(
  transaction: Database,
  collectionId: string,
  entityIds: readonly string[],
  to: Destination,
  { items }: Asker,
): Promise<Gap> {
  if ('at' in to) {
    if (to.sectionId !== null) await requireSection(transaction, collectionId, to.sectionId);
    return { sectionId: to.sectionId, place: to.at === 'start' ? '0' : LAST, side: 0 };
  }
  const [neighbour, side] = 'before' in to ? ([to.before, -1] as const) : ([to.after, 1] as const);
  if (entityIds.includes(neighbour))
    throw new InvalidInput([{ path: 'to', message: 'must not name an item that is moved' }]);
  const [found] = await query<{ sectionId: string | null; place: string }>(
    transaction,
    `SELECT i.section_id AS "sectionId", i.place
       FROM (${SEEN}) seen
       JOIN collection_item i ON i.collection_id = :collectionId AND i.entity_id = seen.entity_id`,
    { collectionId, entityIds: [neighbour], items },
  );
  if (found === undefined) throw new NotFound('item', neighbour);
  return { ...found, side };
}

async function requireSection(transaction: Database, collectionId: string, sectionId: string): Promise<void> {
  const rows = await query(transaction, 'SELECT 1 FROM collection_section WHERE id = ? AND collection_id = ?', [
    sectionId,
    collectionId,
  ]);
  if (rows.length === 0) throw new NotFound('section', sectionId);
}
