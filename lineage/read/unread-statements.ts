import type { Knex } from 'knex';
import { DECIMAL, decodeCursor, type Page, pageOf } from '../../catalog/model/cursor.js';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** A statement of a source's history that is not read, or not whole. */
export interface UnreadStatement {
  id: string;
  database: string;
  /** `unparsed`: not even which tables it names; `partial`: not all of its columns. */
  state: 'unparsed' | 'partial';
  /** Both null where the text names what the reader may not see. */
  text: string | null;
  reason: string | null;
  calls: number;
  firstSeen: Date;
  lastSeen: Date;
}

export interface UnreadCounts {
  unparsed: number;
  partial: number;
}

/** Of the databases that a crawler collects, those that may be seen. */
const FROM = `
  FROM collected_database d
  JOIN query_statement s ON s.collected_database_id = d.id
  WHERE d.crawler_id = :crawlerId AND (:visible)`;

/**
 * The statements of the histories that a crawler reads of which not all is known, the most often run first. The caller has made
 * sure that the reader is in the crawler's workspace, who may read what names tables that the map does not have; of others each
 * has to be seen.
 * @param visible a condition on `collected_database` under the alias `d`
 * @throws InvalidCursor
 */
export async function unreadStatements(
  database: Database,
  crawlerId: string,
  {
    state,
    cursor,
    limit,
  }: { state?: UnreadStatement['state'] | undefined; cursor?: string | undefined; limit: number },
  visible: Knex.Raw,
): Promise<Page<UnreadStatement>> {
  const [calls, id] = decodeCursor(cursor, [/^\d{1,18}$/, DECIMAL]) ?? [];
  const rows = await query<UnreadStatement>(
    database,
    `SELECT f.id, f.database, f.state, CASE WHEN may.read THEN f.text END AS text,
            CASE WHEN may.read THEN f.reason END AS reason, f.calls, f.first_seen AS "firstSeen", f.last_seen AS "lastSeen"
     FROM (
       SELECT s.id, d.name AS database, s.state, s.text, s.reason, s.calls, s.first_seen, s.last_seen
       ${FROM}
         AND s.state IN ('unparsed', 'partial') AND (CAST(:state AS text) IS NULL OR s.state = :state)
         AND (CAST(:id AS bigint) IS NULL
              OR (s.calls, s.id) < (CAST(:calls AS double precision), CAST(:id AS bigint)))
       ORDER BY s.calls DESC, s.id DESC
       LIMIT :limit + 1
     ) f
     CROSS JOIN LATERAL (
       SELECT NOT EXISTS (
         SELECT 1
         FROM query_table t
         JOIN entity e ON e.id = t.entity_id
         JOIN collected_database d ON d.id = e.collected_database_id
         WHERE t.statement_id = f.id AND NOT coalesce((:visible), false)
       ) AS read
     ) may
     ORDER BY f.calls DESC, f.id DESC`,
    { crawlerId, visible, state: state ?? null, calls: calls ?? null, id: id ?? null, limit },
  );
  return pageOf(
    rows,
    limit,
    (row) => row,
    (row) => [String(row.calls), row.id],
  );
}

export async function countUnread(database: Database, crawlerId: string, visible: Knex.Raw): Promise<UnreadCounts> {
  const [counts] = await query<UnreadCounts>(
    database,
    `SELECT count(*) FILTER (WHERE s.state = 'unparsed')::int AS unparsed,
            count(*) FILTER (WHERE s.state = 'partial')::int AS partial
     ${FROM}`,
    { crawlerId, visible },
  );
  return counts ?? { unparsed: 0, partial: 0 };
}
