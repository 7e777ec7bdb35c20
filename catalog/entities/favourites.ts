import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { DECIMAL, decodeCursor, type Page, pageOf } from '../model/cursor.js';
import { type EntitySummary, SUMMARY_COLUMNS } from './entity.js';

/** Marks or unmarks what the person wants to find again. Repeatable. Whether it may be seen has been asked before. */
export async function setFavourite(
  database: Database,
  personId: string,
  entityId: string,
  favourite: boolean,
): Promise<void> {
  await query(
    database,
    favourite
      ? 'INSERT INTO favourite (person_id, entity_id) VALUES (?, ?) ON CONFLICT DO NOTHING'
      : 'DELETE FROM favourite WHERE person_id = ? AND entity_id = ?',
    [personId, entityId],
  );
}

/**
 * Lists a person's favourites, the last marked first; tombstones too, as such. What the person may no longer see is
 * left out, and there again once it may be seen.
 * @param visible a condition on collected_database under the alias `d`
 * @throws InvalidCursor
 */
export async function listFavourites(
  database: Database,
  personId: string,
  page: { cursor?: string | undefined; limit: number },
  visible: Knex.Raw,
): Promise<Page<EntitySummary & { addedAt: Date }>> {
  const [at, id] = decodeCursor(page.cursor, [DECIMAL, DECIMAL]) ?? [];
  const rows = await query<EntitySummary & { addedAt: Date; place: string }>(
    database,
    `SELECT ${SUMMARY_COLUMNS}, f.added_at AS "addedAt", (extract(epoch FROM f.added_at) * 1000000)::bigint AS place
       FROM favourite f
       JOIN entity e ON e.id = f.entity_id
       JOIN collected_database d ON d.id = e.collected_database_id
       LEFT JOIN source_object o ON o.entity_id = e.id
      WHERE f.person_id = :personId AND :visible
        AND (:id::bigint IS NULL
             OR (f.added_at, e.id) < (timestamptz 'epoch' + :at::bigint * interval '1 microsecond', :id::bigint))
      ORDER BY f.added_at DESC, e.id DESC
      LIMIT :limit + 1`,
    { personId, visible, at: at ?? null, id: id ?? null, limit: page.limit },
  );
  return pageOf(
    rows,
    page.limit,
    ({ place: _, ...entity }) => entity,
    (row) => [row.place, row.id],
  );
}
