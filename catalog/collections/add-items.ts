import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { InvalidInput } from '../model/errors.js';
import { lockCollection } from './collection.js';
import { CollectionFull } from './errors.js';

/** So many can be counted anew for every reader of every page of collections. */
const MOST_ITEMS = 5_000;

/** What is to be added, by its id or its guid. */
export interface NewItem {
  id?: string | undefined;
  guid?: string | undefined;
  note?: string | null | undefined;
  sectionId?: string | null | undefined;
}

/** What became of one of them; `already` in the collection is left as it is, with its note and place. */
export type Outcome = { entityId: string; outcome: 'added' | 'already' } | { entityId: null; outcome: 'not_found' };

/**
 * Adds entities at the end of their sections, in the order given. What is not on the map and what the person may not
 * see have the same outcome, also where somebody else put the latter into the collection.
 * @param visible a condition on collected_database under the alias `d`
 * @returns an outcome for each, in the order given
 * @throws NotFound; InvalidInput for a section that the collection has not; CollectionFull, with nothing added
 */
export async function addItems(
  database: Database,
  collectionId: string,
  { items, addedBy }: { items: readonly NewItem[]; addedBy: string },
  visible: Knex.Raw,
): Promise<Outcome[]> {
  return database.transaction(async (transaction) => {
    await lockCollection(transaction, collectionId);
    await requireSections(transaction, collectionId, items);
    const found = await find(transaction, items, visible);
    const added = new Set(await insert(transaction, collectionId, items, found, addedBy));
    return items.map((_, at): Outcome => {
      const entityId = found.get(at);
      if (entityId === undefined) return { entityId: null, outcome: 'not_found' };
      // Deleting it here makes a second naming of the same entity find it there already.
      return { entityId, outcome: added.delete(entityId) ? 'added' : 'already' };
    });
  });
}

async function requireSections(transaction: Database, collectionId: string, items: readonly NewItem[]): Promise<void> {
  const wanted = [...new Set(items.flatMap(({ sectionId }) => sectionId ?? []))];
  const known = await query<{ id: string }>(
    transaction,
    'SELECT id FROM collection_section WHERE collection_id = ? AND id = ANY (?::uuid[])',
    [collectionId, wanted],
  );
  const ids = new Set(known.map(({ id }) => id));
  const strange = items.findIndex(({ sectionId }) => typeof sectionId === 'string' && !ids.has(sectionId));
  if (strange >= 0)
    throw new InvalidInput([{ path: `items.${strange}.sectionId`, message: 'must be a section of this collection' }]);
}

/** By place in the request. A guid means the living entity where there is one, else the last that was removed. */
async function find(
  transaction: Database,
  items: readonly NewItem[],
  visible: Knex.Raw,
): Promise<ReadonlyMap<number, string>> {
  const asked = items.map(({ id, guid }, at) => ({ at, id: id ?? null, guid: guid ?? null }));
  const rows = await query<{ at: number; id: string }>(
    transaction,
    `SELECT a.at, f.id
       FROM jsonb_to_recordset(:asked::jsonb) AS a (at integer, id bigint, guid text)
       CROSS JOIN LATERAL (
         SELECT m.id
           FROM (
             SELECT e.id, e.removed_at, e.collected_database_id FROM entity e WHERE e.id = a.id
             UNION ALL
             SELECT e.id, e.removed_at, e.collected_database_id
               FROM entity e WHERE e.guid = a.guid AND e.removed_at IS NULL
             UNION ALL
             SELECT e.id, e.removed_at, e.collected_database_id
               FROM entity e WHERE e.guid = a.guid AND e.removed_at IS NOT NULL
           ) m
           JOIN collected_database d ON d.id = m.collected_database_id
          WHERE :visible
          ORDER BY m.removed_at DESC NULLS FIRST, m.id DESC
          LIMIT 1
       ) f`,
    { asked: JSON.stringify(asked), visible },
  );
  // Held so that none is purged before it is in the collection.
  const kept = await query<{ id: string }>(
    transaction,
    'SELECT id FROM entity WHERE id = ANY (?::bigint[]) ORDER BY id FOR KEY SHARE',
    [rows.map(({ id }) => id)],
  );
  const ids = new Set(kept.map(({ id }) => id));
  return new Map(rows.filter(({ id }) => ids.has(id)).map(({ at, id }) => [at, id]));
}

/** Ids of those that were not in the collection before. */
async function insert(
  transaction: Database,
  collectionId: string,
  items: readonly NewItem[],
  found: ReadonlyMap<number, string>,
  addedBy: string,
): Promise<string[]> {
  const rows = [...found].map(([at, id]) => ({
    at,
    id,
    note: items[at]?.note ?? null,
    section: items[at]?.sectionId ?? null,
  }));
  const inserted = await query<{ id: string }>(
    transaction,
    `INSERT INTO collection_item (collection_id, entity_id, section_id, place, note, added_by)
     SELECT :collectionId, n.id, n.section, l.place + n.at, n.note, :addedBy
       FROM (
         SELECT DISTINCT ON (r.id) r.*
           FROM jsonb_to_recordset(:rows::jsonb) AS r (at integer, id bigint, note text, section uuid)
          ORDER BY r.id, r.at
       ) n
       CROSS JOIN (
         SELECT coalesce(max(place), 0) + 1 AS place FROM collection_item WHERE collection_id = :collectionId
       ) l
     ON CONFLICT (collection_id, entity_id) DO NOTHING
     RETURNING entity_id AS id`,
    { collectionId, rows: JSON.stringify(rows), addedBy },
  );
  const [total] = await query<{ items: number }>(
    transaction,
    'SELECT count(*)::int AS items FROM collection_item WHERE collection_id = ?',
    [collectionId],
  );
  if (inserted.length > 0 && (total?.items ?? 0) > MOST_ITEMS) throw new CollectionFull('items', MOST_ITEMS);
  return inserted.map(({ id }) => id);
}
