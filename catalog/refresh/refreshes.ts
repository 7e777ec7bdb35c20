import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import type { Failure } from '../runs/run-state.js';
import { storedFailure } from '../runs/stored-failure.js';
import type { RefreshDetail, RefreshOutcome } from './named-tables.js';

/** A table to be read again, or why it is not. */
export interface NewRefreshItem {
  asked: string;
  outcome?: RefreshOutcome;
  detail?: RefreshDetail;
  /** Left out where it has an outcome. */
  target?: {
    runId: string;
    crawlerId: string;
    collectedDatabaseId: string;
    schema: string | null;
    table: string;
    entityId: string | null;
  };
}

export interface RefreshItem {
  asked: string;
  /** Null while it is not known. */
  outcome: RefreshOutcome | null;
  detail: RefreshDetail;
  runId: string | null;
  entityId: string | null;
  /** The number of another run of the crawler that is open: this one begins after it. */
  waitsFor: number | null;
}

export interface TableRefresh {
  id: string;
  status: 'running' | 'done';
  createdAt: Date;
  endedAt: Date | null;
  items: RefreshItem[];
}

export async function createRefresh(
  database: Database,
  refresh: { refreshId: string; requestedBy: string; items: readonly NewRefreshItem[] },
): Promise<void> {
  const { refreshId, requestedBy, items } = refresh;
  const list = items.map(({ asked, outcome, detail, target }, place) => ({ place, asked, outcome, detail, ...target }));
  await query(
    database,
    `WITH made AS (
       INSERT INTO table_refresh (id, requested_by, ended_at)
       VALUES (:refreshId, :requestedBy, CASE WHEN :isOver::boolean THEN now() END)
       RETURNING id
     )
     INSERT INTO table_refresh_item (refresh_id, place, asked, outcome, detail, run_id, crawler_id,
                                     collected_database_id, schema_name, table_name, entity_id)
     SELECT made.id, i.place, i.asked, i.outcome, coalesce(i.detail, '{}'), i."runId", i."crawlerId",
            i."collectedDatabaseId", i.schema, i."table", i."entityId"
       FROM made,
            jsonb_to_recordset(:list::jsonb) AS i (
              place int, asked text, outcome text, detail jsonb, "runId" uuid, "crawlerId" uuid,
              "collectedDatabaseId" bigint, schema text, "table" text, "entityId" bigint)`,
    {
      refreshId,
      requestedBy,
      isOver: items.every(({ outcome }) => outcome !== undefined),
      list: JSON.stringify(list),
    },
  );
}

/**
 * Writes what became of the tables of a run that ended, from what it changed on the map. Repeatable.
 * @param failure why the run failed, or did not begin
 */
export async function settleRefresh(
  database: Database,
  refreshId: string,
  runId: string,
  failure?: Failure,
): Promise<void> {
  await query(
    database,
    `WITH told AS (
       SELECT i.place, e.id AS entity_id, coalesce(u.status IN ('done', 'partial'), false) AS published,
              coalesce(u.error, r.error, :failure::jsonb) AS error, x.change, i.missing, r.status
         FROM table_refresh_item i
         LEFT JOIN crawl_run r ON r.id = i.run_id
         LEFT JOIN crawl_unit u ON u.run_id = i.run_id AND u.collected_database_id = i.collected_database_id
         LEFT JOIN source_object o
           ON o.collected_database_id = i.collected_database_id AND o.native_key = i.native_key
         LEFT JOIN entity e ON e.id = coalesce(o.entity_id, i.entity_id)
         LEFT JOIN run_change x ON x.run_id = i.run_id AND x.entity_id = e.id
        WHERE i.refresh_id = :refreshId AND i.run_id = :runId AND i.outcome IS NULL
     )
     UPDATE table_refresh_item i
        SET entity_id = coalesce(t.entity_id, i.entity_id),
            outcome = CASE
              WHEN NOT t.published THEN 'failed'
              WHEN t.change = 'removed' THEN 'gone'
              WHEN t.change = 'held' THEN 'held'
              WHEN t.change IS NOT NULL THEN 'refreshed'
              WHEN t.missing THEN 'gone'
              ELSE 'unchanged'
            END,
            detail = i.detail || CASE
              WHEN NOT t.published THEN coalesce(t.error, jsonb_build_object(
                'code', 'RUN_' || upper(coalesce(t.status, 'lost')),
                'message', 'The run that was to read it ended without reading it',
                'remedy', 'Refresh it again.'))
              WHEN t.change = 'held' THEN jsonb_build_object(
                'message', 'The source does not show it any more, and a person must approve its removal',
                'remedy', 'Look at the removals that are held.')
              WHEN t.change IS NOT NULL THEN jsonb_build_object('change', t.change)
              ELSE '{}'
            END
       FROM told t
      WHERE i.refresh_id = :refreshId AND i.place = t.place`,
    { refreshId, runId, failure: failure === undefined ? null : JSON.stringify(storedFailure(failure)) },
  );
  await query(
    database,
    `UPDATE table_refresh r SET ended_at = now()
      WHERE r.id = :refreshId AND r.ended_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM table_refresh_item i WHERE i.refresh_id = r.id AND i.outcome IS NULL)`,
    { refreshId },
  );
}

/** Gives every table that waits this outcome: nothing was begun. */
export async function abandonRefresh(database: Database, refreshId: string, failure: Failure): Promise<void> {
  await query(
    database,
    `WITH failed AS (
       UPDATE table_refresh_item SET outcome = 'failed', detail = :failure
        WHERE refresh_id = :refreshId AND outcome IS NULL
     )
     UPDATE table_refresh SET ended_at = now() WHERE id = :refreshId`,
    { refreshId, failure: JSON.stringify(storedFailure(failure)) },
  );
}

/** A refresh of this person's. @throws NotFound */
export async function getRefresh(database: Database, refreshId: string, personId: string): Promise<TableRefresh> {
  const [refresh] = await query<TableRefresh>(
    database,
    `SELECT r.id, CASE WHEN r.ended_at IS NULL THEN 'running' ELSE 'done' END AS status, r.created_at AS "createdAt",
            r.ended_at AS "endedAt",
            (SELECT jsonb_agg(jsonb_build_object(
                      'asked', i.asked, 'outcome', i.outcome, 'detail', i.detail, 'runId', i.run_id,
                      'entityId', i.entity_id::text,
                      'waitsFor', CASE WHEN i.outcome IS NULL THEN o.number END) ORDER BY i.place)
               FROM table_refresh_item i
               LEFT JOIN crawl_run o
                 ON o.crawler_id = i.crawler_id AND o.status IN ('queued', 'running', 'stopping') AND o.id <> i.run_id
              WHERE i.refresh_id = r.id) AS items
       FROM table_refresh r
      WHERE r.id = ? AND r.requested_by = ?`,
    [refreshId, personId],
  );
  if (refresh === undefined) throw new NotFound('refresh', refreshId);
  return refresh;
}

/** Whether the open run of a crawler is a refresh. */
export async function isRefreshing(database: Database, crawlerId: string): Promise<boolean> {
  const rows = await query(
    database,
    `SELECT 1 FROM crawl_run
      WHERE crawler_id = ? AND status IN ('queued', 'running', 'stopping') AND trigger = 'refresh'`,
    [crawlerId],
  );
  return rows.length > 0;
}

/** Deletes refreshes of yesterday and before; their runs tell of them longer. Returns how many. */
export async function dropOldRefreshes(database: Database): Promise<number> {
  const dropped = await query(
    database,
    `DELETE FROM table_refresh WHERE created_at < now() - interval '1 day' RETURNING id`,
  );
  return dropped.length;
}
