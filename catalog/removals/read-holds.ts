import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import { DECIMAL, decodeCursor, type Page, pageOf, UUID } from '../model/cursor.js';
import { type VisibleWorkspaces, visibleBinding } from '../model/visible-workspaces.js';
import { FROM_HOLDS, type HeldRemoval, HOLD_COLUMNS, type HoldStatus } from './held-removal.js';

/** One hold. Who may see it is the caller's to check. @throws NotFound */
export async function getHold(database: Database, id: string): Promise<HeldRemoval> {
  const [hold] = await query<HeldRemoval>(database, `SELECT ${HOLD_COLUMNS} ${FROM_HOLDS} WHERE h.id = ?`, [id]);
  if (hold === undefined) throw new NotFound('held removal', id);
  return hold;
}

/** Holds, the newest first. @throws InvalidCursor */
export async function listHolds(
  database: Database,
  request: {
    visible: VisibleWorkspaces;
    filters: { crawlerId?: string | undefined; status?: readonly HoldStatus[] | undefined };
    cursor?: string | undefined;
    limit: number;
  },
): Promise<Page<HeldRemoval>> {
  const [at, id] = decodeCursor(request.cursor, [DECIMAL, UUID]) ?? [];
  const rows = await query<HeldRemoval & { place: string }>(
    database,
    `SELECT ${HOLD_COLUMNS}, (extract(epoch FROM h.held_at) * 1000000)::bigint AS place ${FROM_HOLDS}
      WHERE (:visible::uuid[] IS NULL OR h.workspace_id = ANY (:visible::uuid[]))
        AND (:crawlerId::uuid IS NULL OR h.crawler_id = :crawlerId::uuid)
        AND (:statuses::text[] IS NULL OR h.status = ANY (:statuses::text[]))
        AND (:id::uuid IS NULL OR (h.held_at, h.id) < (timestamptz 'epoch' + :at::bigint * interval '1 microsecond', :id::uuid))
      ORDER BY h.held_at DESC, h.id DESC
      LIMIT :limit + 1`,
    {
      visible: visibleBinding(request.visible),
      crawlerId: request.filters.crawlerId ?? null,
      statuses: request.filters.status === undefined ? null : [...request.filters.status],
      at: at ?? null,
      id: id ?? null,
      limit: request.limit,
    },
  );
  return pageOf(
    rows,
    request.limit,
    ({ place: _, ...hold }) => hold,
    (row) => [row.place, row.id],
  );
}

/** A table of a hold, and what became of it: held still, shown again by a listing, removed, or held anew elsewhere. */
export interface HeldObject {
  entityId: string;
  kind: 'table';
  guid: string;
  type: string;
  name: string;
  schema: string | null;
  database: string;
  columnCount: number;
  state: 'held' | 'shown' | 'removed' | 'moved';
}

/** Tables of a hold, in the order in which they first came onto the map. @throws InvalidCursor */
export async function listHeldObjects(
  database: Database,
  holdId: string,
  page: { cursor?: string | undefined; limit: number },
): Promise<Page<HeldObject>> {
  const [after] = decodeCursor(page.cursor, [DECIMAL]) ?? ['0'];
  const rows = await query<HeldObject>(
    database,
    `SELECT held.entity_id AS "entityId", split_part(e.guid, '#', 1) AS guid, e.kind, e.type, e.name, e.schema_name AS schema,
            d.name AS database, e.column_count AS "columnCount", held.state
       FROM held_removal_object held
       JOIN entity e ON e.id = held.entity_id
       JOIN collected_database d ON d.id = e.collected_database_id
      WHERE held.held_removal_id = :holdId AND held.entity_id > :after::bigint
      ORDER BY held.entity_id
      LIMIT :limit + 1`,
    { holdId, after: after ?? '0', limit: page.limit },
  );
  return pageOf(
    rows,
    page.limit,
    (row) => row,
    ({ entityId }) => [entityId],
  );
}

/** A hold that a workflow is owed to: it waits for a decision, or what was decided has not been done. */
export interface UnsettledHold {
  id: string;
  crawlerId: string;
  crawlerName: string;
  decided: boolean;
  /** Milliseconds until it expires; 0 when that is past. */
  msLeft: number;
}

/** All of them; there is one of a database at most that is not decided. */
export async function unsettledHolds(database: Database): Promise<UnsettledHold[]> {
  return query<UnsettledHold>(database, `${UNSETTLED} WHERE h.settled_at IS NULL ORDER BY h.id`);
}

/** One of them; undefined when it is settled or gone. */
export async function unsettledHold(database: Database, id: string): Promise<UnsettledHold | undefined> {
  return (await query<UnsettledHold>(database, `${UNSETTLED} WHERE h.settled_at IS NULL AND h.id = ?`, [id]))[0];
}

const UNSETTLED = `
  SELECT h.id, h.crawler_id AS "crawlerId", c.name AS "crawlerName", h.status <> 'held' AS decided,
         greatest(0, ceil(extract(epoch FROM h.expires_at - now()) * 1000))::float8 AS "msLeft"
    FROM held_removal h
    JOIN crawler c ON c.id = h.crawler_id AND c.status = 'active'`;
