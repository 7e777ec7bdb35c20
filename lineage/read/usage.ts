import type { Knex } from 'knex';
import { DECIMAL, decodeCursor, type Page, pageOf } from '../../catalog/model/cursor.js';
import type { Database } from '../../db/database.js';
import { instant } from '../../db/instant.js';
import { query } from '../../db/query.js';
import { processesOfHiddenData } from './hidden-data.js';
import { shownAt } from './neighbours.js';

/** A statement that was run at the source and reads or writes a table. */
export interface StatementOfTable {
  id: string;
  reads: boolean;
  writes: boolean;
  /** `select`, `insert` and the like. */
  kind: string;
  /** With placeholders where constants were; null where the reader may not see all that it names. */
  text: string | null;
  /** Columns of the table that it uses or fills, as far as they are known. */
  columns: string[];
  /** Whether its columns are all known, and why not. */
  state: 'parsed' | 'partial';
  reason: string | null;
  calls: number;
  /** Milliseconds that a call took, of all calls. */
  meanTime: number;
  firstSeen: Date;
  lastSeen: Date;
  /** Who ran it, the most often first. */
  roles: { name: string; calls: number; lastSeen: string }[];
}

/** Whose texts may be read. */
export interface UsageReader {
  /** A condition on `collected_database` under the alias `d`. */
  visible: Knex.Raw;
  /** A condition on `lineage_node` under the alias `n`, for those that are not on the map. */
  outside: Knex.Raw;
  /** Workspaces that the reader is in. */
  workspaces: string[] | 'everything';
}

/** Roles named of one statement. */
const MOST_ROLES = 20;

/**
 * What was run at the source with a table, the most often run first. The caller has made sure that the table may be seen. A
 * text names other tables: it is given where each of them may be seen too. What is not on the map nobody is known to be
 * allowed to see: then it is given to those who are in the workspace of the source.
 * @throws InvalidCursor
 */
export async function statementsOfTable(
  database: Database,
  entityId: string,
  { access, cursor, limit }: { access?: 'read' | 'write' | undefined; cursor?: string | undefined; limit: number },
  { visible, workspaces }: UsageReader,
): Promise<Page<StatementOfTable>> {
  const [calls, id] = decodeCursor(cursor, [/^\d{1,18}$/, DECIMAL]) ?? [];
  const rows = await query<StatementOfTable>(
    database,
    `SELECT s.id, t.reads, t.writes, s.kind, CASE WHEN may.read THEN s.text END AS text, t.columns, s.state, 
            CASE WHEN may.read THEN s.reason END AS reason, s.calls, s.total_time / greatest(s.calls, 1) AS "meanTime",
            s.first_seen AS "firstSeen", s.last_seen AS "lastSeen",
            ARRAY(
              SELECT jsonb_build_object('name', u.role, 'calls', u.calls, 'lastSeen', ${instant('u.last_seen')})
              FROM query_use u
              WHERE u.statement_id = s.id
              ORDER BY u.calls DESC, u.role
              LIMIT ${MOST_ROLES}
            ) AS roles
     FROM query_table t
     JOIN query_statement s ON s.id = t.statement_id
     JOIN collected_database o ON o.id = s.collected_database_id
     CROSS JOIN LATERAL (
       SELECT (s.missing = '{}' OR :everything OR o.workspace_id = ANY(CAST(:workspaces AS uuid[])))
              AND NOT EXISTS (
                SELECT 1
                FROM query_table x
                JOIN entity e ON e.id = x.entity_id
                JOIN collected_database d ON d.id = e.collected_database_id
                WHERE x.statement_id = s.id AND NOT coalesce((:visible), false)
              ) AS read
     ) may
     WHERE t.entity_id = CAST(:entityId AS bigint)
       AND (CAST(:access AS text) IS NULL OR CASE :access WHEN 'read' THEN t.reads ELSE t.writes END)
       AND (CAST(:id AS bigint) IS NULL
            OR (s.calls, s.id) < (CAST(:calls AS double precision), CAST(:id AS bigint)))
     ORDER BY s.calls DESC, s.id DESC
     LIMIT :limit + 1`,
    {
      entityId,
      access: access ?? null,
      calls: calls ?? null,
      id: id ?? null,
      limit,
      visible,
      everything: workspaces === 'everything',
      workspaces: workspaces === 'everything' ? [] : workspaces,
    },
  );
  return pageOf(
    rows,
    limit,
    (row) => row,
    (row) => [String(row.calls), row.id],
  );
}

/** A table that statements name together with another. */
export interface JoinedTable {
  entity: { id: string; name: string; schema: string | null; database: string; type: string };
  statements: number;
  calls: number;
}

/** The tables that are read most often together with this one, of those that may be seen. */
export function tablesReadWith(
  database: Database,
  entityId: string,
  { visible }: UsageReader,
  limit: number,
): Promise<JoinedTable[]> {
  return query<JoinedTable>(
    database,
    `SELECT jsonb_build_object('id', e.id::text, 'name', e.name, 'schema', e.schema_name, 'database', d.name,
                               'type', e.type) AS entity,
            count(*)::int AS statements, sum(s.calls) AS calls
     FROM query_table t
     JOIN query_statement s ON s.id = t.statement_id
     JOIN query_table x ON x.statement_id = t.statement_id AND x.entity_id <> t.entity_id AND x.reads
     JOIN entity e ON e.id = x.entity_id AND e.removed_at IS NULL
     JOIN collected_database d ON d.id = e.collected_database_id
     WHERE t.entity_id = CAST(:entityId AS bigint) AND t.reads AND (:visible)
     GROUP BY e.id, d.id
     ORDER BY calls DESC, e.id
     LIMIT :limit`,
    { entityId, visible, limit },
  );
}

/** A view or job that takes data from a table or brings data to it. */
export interface ProcessOfTable {
  kind: 'view' | 'job' | 'manual';
  /** Null where what it belongs to may not be seen. */
  name: string | null;
  reads: boolean;
  writes: boolean;
  /** The view's entity, where it may be seen. */
  entityId: string | null;
  lastSeen: Date;
}

/**
 * What else moves data from or to the table, by the edges that there are now whose other end may be seen; what itself may not
 * be seen is left out.
 */
export async function processesOfTable(
  database: Database,
  entityId: string,
  { visible, outside }: UsageReader,
  limit: number,
): Promise<ProcessOfTable[]> {
  const rows = await query<ProcessOfTable & { id: string }>(
    database,
    `SELECT p.id, p.kind, p.name, bool_or(l.upstream = n.id) AS reads, bool_or(l.downstream = n.id) AS writes,
            p.entity_id AS "entityId", max(l.last_seen) AS "lastSeen"
     FROM lineage_node n
     JOIN lineage_edge l ON l.valid_to IS NULL
          AND ((l.upstream = n.id AND ${shownAt('downstream')}) OR (l.downstream = n.id AND ${shownAt('upstream')}))
     JOIN lineage_process p ON p.id = l.process_id AND p.kind IN ('view', 'job', 'manual')
     LEFT JOIN collected_database d ON d.id = p.collected_database_id
     WHERE n.entity_id = CAST(:entityId AS bigint)
       AND (p.collected_database_id IS NULL OR coalesce((:visible), false))
       AND (p.entity_id IS DISTINCT FROM n.entity_id)
     GROUP BY p.id
     ORDER BY max(l.last_seen) DESC, p.id
     LIMIT :limit`,
    { entityId, visible, outside, limit },
  );
  const jobs = rows.filter(({ kind }) => kind === 'job').map(({ id }) => id);
  const unnamed = await processesOfHiddenData(database, jobs, visible);
  return rows.map(({ id, ...process }) => (unnamed.has(id) ? { ...process, name: null } : process));
}
