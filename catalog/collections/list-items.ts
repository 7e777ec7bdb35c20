import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import { type EntityKind, type EntitySummary, SUMMARY_COLUMNS } from '../entities/entity.js';
import { DECIMAL, decodeCursor, InvalidCursor, type Page, pageOf } from '../model/cursor.js';
import type { Asker, PersonReference } from './collection.js';

/** Why an item is gone from the map: its source has it no more, or its database is not collected any more. */
export type RemovedReason = 'gone_from_source' | 'not_collected';

/** An entity in a collection. */
export interface Item {
  /** Of a tombstone with `removedAt`. */
  entity: EntitySummary;
  /** Null for what is on the map. */
  removedReason: RemovedReason | null;
  /** Null where it stands under none. */
  sectionId: string | null;
  /** Markdown. */
  note: string | null;
  addedBy: PersonReference | null;
  addedAt: Date;
  /** Of the note. */
  version: number;
}

export interface ItemFilter {
  /** Of this section; null for items under none. */
  sectionId?: string | null | undefined;
  kind?: EntityKind | undefined;
  /** Only what is gone from the map, or only what is not. */
  removed?: boolean | undefined;
  /** Found in the name or the note, in any case. */
  text?: string | undefined;
}

type Row = Omit<Item, 'entity'> & EntitySummary & { itemVersion: number; retiringAt: Date | null };

const COLUMNS = `
  ${SUMMARY_COLUMNS}, d.retiring_at AS "retiringAt", i.section_id AS "sectionId", i.note, i.added_at AS "addedAt",
  i.version AS "itemVersion",
  (SELECT jsonb_build_object('id', p.id, 'name', p.name) FROM person p WHERE p.id = i.added_by) AS "addedBy"`;

const FROM = `
  FROM collection_item i
  JOIN entity e ON e.id = i.entity_id
  JOIN collected_database d ON d.id = e.collected_database_id
  LEFT JOIN source_object o ON o.entity_id = e.id
  LEFT JOIN collection_section s ON s.id = i.section_id`;

const PLACE = 'coalesce(s.place, 0), i.place, i.entity_id';

/**
 * Lists items in the order of the collection: those under no section first. What the asker may not see is left out. A
 * cursor names the last item and not its place, which would tell how many stand before it.
 * @throws InvalidCursor also where its item has left the collection or may not be seen any more
 */
export async function listItems(
  database: Database,
  collectionId: string,
  filter: ItemFilter,
  page: { cursor?: string | undefined; limit: number },
  { items }: Asker,
): Promise<Page<Item>> {
  const after = await placeAfter(database, collectionId, page.cursor, items);
  const rows = await query<Row>(
    database,
    `SELECT ${COLUMNS} ${FROM}
      WHERE i.collection_id = :collectionId AND :items
        AND (NOT :bySection::boolean OR i.section_id IS NOT DISTINCT FROM :sectionId::uuid)
        AND (:kind::text IS NULL OR e.kind = :kind)
        AND (:removed::boolean IS NULL
             OR :removed::boolean = (e.removed_at IS NOT NULL OR d.retiring_at IS NOT NULL))
        AND (:words::text IS NULL OR strpos(lower(concat_ws(' ', e.name, i.note)), lower(:words)) > 0)
        AND (NOT :goesOn::boolean
             OR (${PLACE}) > (:sectionPlace::integer, :place::bigint, :entityId::bigint))
      ORDER BY ${PLACE}
      LIMIT :limit + 1`,
    {
      collectionId,
      items,
      bySection: filter.sectionId !== undefined,
      sectionId: filter.sectionId ?? null,
      kind: filter.kind ?? null,
      removed: filter.removed ?? null,
      words: filter.text ?? null,
      goesOn: after !== undefined,
      sectionPlace: after?.sectionPlace ?? null,
      place: after?.place ?? null,
      entityId: after?.entityId ?? null,
      limit: page.limit,
    },
  );
  return pageOf(rows, page.limit, toItem, (row) => [row.id]);
}

/** @throws NotFound also for an item that the asker may not see */
export async function getItem(
  database: Database,
  collectionId: string,
  entityId: string,
  { items }: Asker,
): Promise<Item> {
  const [row] = await query<Row>(
    database,
    `SELECT ${COLUMNS} ${FROM}
      WHERE i.collection_id = :collectionId AND i.entity_id = :entityId AND :items`,
    { collectionId, entityId, items },
  );
  if (row === undefined) throw new NotFound('item', entityId);
  return toItem(row);
}

async function placeAfter(database: Database, collectionId: string, cursor: string | undefined, items: Asker['items']) {
  const [entityId] = decodeCursor(cursor, [DECIMAL]) ?? [];
  if (entityId === undefined) return undefined;
  const [last] = await query<{ sectionPlace: number; place: string; entityId: string }>(
    database,
    `SELECT coalesce(s.place, 0) AS "sectionPlace", i.place, i.entity_id AS "entityId" ${FROM}
      WHERE i.collection_id = :collectionId AND i.entity_id = :entityId AND :items`,
    { collectionId, entityId, items },
  );
  if (last === undefined) throw new InvalidCursor();
  return last;
}

function toItem(row: Row): Item {
  const { removedReason: _, retiringAt, sectionId, note, addedAt, addedBy, itemVersion, ...entity } = row;
  const removedReason = retiringAt !== null ? 'not_collected' : entity.removedAt !== null ? 'gone_from_source' : null;
  return {
    // A database that leaves takes its entities off one by one: all are gone from when it began to.
    entity: { ...entity, removedAt: entity.removedAt ?? retiringAt },
    removedReason,
    sectionId,
    note,
    addedAt,
    addedBy,
    version: itemVersion,
  };
}
