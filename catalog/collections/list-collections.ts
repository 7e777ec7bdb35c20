import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { ANY_TEXT, DECIMAL, decodeCursor, type Page, pageOf, UUID } from '../model/cursor.js';
import { type Asker, COLLECTION_COLUMNS, COUNTED, type Collection, type CollectionVisibility } from './collection.js';

export interface CollectionFilter {
  /** Found in the name or the description, in any case. */
  text?: string | undefined;
  mine?: boolean | undefined;
  followed?: boolean | undefined;
  official?: boolean | undefined;
  visibility?: CollectionVisibility | undefined;
  workspaceId?: string | undefined;
  /** Whose every owner is gone or disabled. */
  withoutOwner?: boolean | undefined;
  /** In which this entity is. Whether the asker may see the entity has been asked before. */
  entityId?: string | undefined;
}

/** By name, or the last change of words or sections first. */
export type CollectionSort = 'name' | 'updated';

const ORDERS = {
  name: {
    shape: [ANY_TEXT, UUID],
    place: 'lower(c.name)',
    after: '(lower(c.name), c.id) > (:place, :id::uuid)',
    order: 'lower(c.name), c.id',
  },
  updated: {
    shape: [DECIMAL, UUID],
    place: '(extract(epoch FROM c.updated_at) * 1000000)::bigint::text',
    after: `(c.updated_at, c.id) < (timestamptz 'epoch' + :place::bigint * interval '1 microsecond', :id::uuid)`,
    order: 'c.updated_at DESC, c.id DESC',
  },
} as const;

/**
 * Lists collections that the asker may see. Items are counted for the page alone.
 * @throws InvalidCursor
 */
export async function listCollections(
  database: Database,
  filter: CollectionFilter,
  page: { sort: CollectionSort; cursor?: string | undefined; limit: number },
  asker: Asker,
): Promise<Page<Collection>> {
  const { shape, place, after, order } = ORDERS[page.sort];
  const from = decodeCursor(page.cursor, shape);
  const rows = await query<Collection & { place: string }>(
    database,
    `SELECT ${COLLECTION_COLUMNS}, ${place} AS place
       FROM (
         SELECT c.*
           FROM collection c
          WHERE :collections
            AND (:mine::boolean IS NULL OR :mine::boolean = EXISTS (
                  SELECT 1 FROM collection_owner o WHERE o.collection_id = c.id AND o.person_id = :personId))
            AND (:followed::boolean IS NULL OR :followed::boolean = EXISTS (
                  SELECT 1 FROM collection_follower f WHERE f.collection_id = c.id AND f.person_id = :personId))
            AND (:withoutOwner::boolean IS NULL OR :withoutOwner::boolean = NOT EXISTS (
                  SELECT 1
                    FROM collection_owner o
                    JOIN person p ON p.id = o.person_id
                   WHERE o.collection_id = c.id AND p.disabled_at IS NULL))
            AND (:entityId::bigint IS NULL OR EXISTS (
                  SELECT 1 FROM collection_item i WHERE i.collection_id = c.id AND i.entity_id = :entityId::bigint))
            AND (:official::boolean IS NULL OR :official::boolean = (c.official_at IS NOT NULL))
            AND (:visibility::text IS NULL OR c.visibility = :visibility)
            AND (:workspaceId::uuid IS NULL OR c.workspace_id = :workspaceId::uuid)
            AND (:words::text IS NULL OR strpos(lower(concat_ws(' ', c.name, c.description)), lower(:words)) > 0)
            ${from === undefined ? '' : `AND ${after}`}
          ORDER BY ${order}
          LIMIT :limit + 1
       ) c ${COUNTED}
      ORDER BY ${order}`,
    {
      ...asker,
      mine: filter.mine ?? null,
      followed: filter.followed ?? null,
      withoutOwner: filter.withoutOwner ?? null,
      entityId: filter.entityId ?? null,
      official: filter.official ?? null,
      visibility: filter.visibility ?? null,
      workspaceId: filter.workspaceId ?? null,
      words: filter.text ?? null,
      ...(from === undefined ? {} : { place: from[0] ?? '', id: from[1] ?? '' }),
      limit: page.limit,
    },
  );
  return pageOf(
    rows,
    page.limit,
    ({ place: _, ...collection }) => collection,
    (row) => [row.place, row.id],
  );
}
