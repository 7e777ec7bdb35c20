import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import { ANY_TEXT, decodeCursor, type Page, pageOf, UUID } from '../model/cursor.js';

import { type VisibleWorkspaces, visibleBinding } from '../model/visible-workspaces.js';
import type { FinalStatus, OpenStatus, RunCounts } from '../runs/run-state.js';
import type { Plan } from './plan.js';
import { planInWords } from './plan-in-words.js';
import type { RemovalGuard } from './removal-guard.js';

export interface CrawlerSummary {
  id: string;
  workspaceId: string;
  name: string;
  kind: 'custom' | 'builtin';
  status: 'active' | 'deleting';
  dataSource: { id: string; name: string; type: string; instance: string; environment: 'development' | 'production' };
  /** `liveWorkers` of none means that a run would wait until a worker of the group comes up. */
  resourceGroup: { id: string; name: string; liveWorkers: number };
  plan: Plan;
  planInWords: string;
  paused: boolean;
  pauseNote: string | null;
  /** The bounds past which removals are held; null for the installation's own. */
  removalGuard: RemovalGuard | null;
  /** Whether a model is told of its tables and suggests descriptions. */
  aiDescriptions: boolean;
  /** Whether its runs read which statements were run at the source. */
  queryHistory: boolean;
  createdBy: string | null;
  createdAt: Date;
  updatedAt: Date;
  version: number;
  /** Databases in its scope, and tables of them on the map. */
  databases: number;
  tables: number;
  openRun: { id: string; number: number; status: OpenStatus; startedAt: Date | null } | null;
  lastRun: {
    id: string;
    number: number;
    status: FinalStatus;
    startedAt: Date | null;
    endedAt: Date;
    counts: Partial<RunCounts>;
  } | null;
}

export interface ScopedDatabase {
  id: string;
  name: string;
  visibility: 'tenant' | 'workspace';
  /** Null before its first complete collection. */
  tables: number | null;
  lastCompleteAt: Date | null;
  /** Null for the crawler's. */
  removalGuard: RemovalGuard | null;
  /** Set once it was taken out of the scope, until the map is empty of it. */
  retiringAt: Date | null;
}

export interface CrawlerDetail extends CrawlerSummary {
  scope: ScopedDatabase[];
}

type Row = Omit<CrawlerSummary, 'planInWords' | 'openRun' | 'lastRun'> & {
  openRun: (Omit<NonNullable<CrawlerSummary['openRun']>, 'startedAt'> & { startedAt: string | null }) | null;
  lastRun:
    | (Omit<NonNullable<CrawlerSummary['lastRun']>, 'startedAt' | 'endedAt'> & {
        startedAt: string | null;
        endedAt: string;
      })
    | null;
};

const SELECT = `
  SELECT c.id, c.workspace_id AS "workspaceId", c.name, c.kind, c.status,
         jsonb_build_object('id', s.id, 'name', s.name, 'type', s.type, 'instance', s.instance,
                            'environment', s.environment) AS "dataSource",
         jsonb_build_object('id', g.id, 'name', g.name, 'liveWorkers',
           (SELECT count(*) FROM worker_process w
             WHERE w.resource_group_id = g.id AND w.seen_at > now() - interval '20 seconds')) AS "resourceGroup",
         coalesce(c.options -> 'queryHistory' = 'true'::jsonb, false) AS "queryHistory",
         c.plan, c.paused, c.pause_note AS "pauseNote", c.removal_guard AS "removalGuard",
         c.ai_descriptions AS "aiDescriptions", c.created_by AS "createdBy", c.created_at AS "createdAt",
         c.updated_at AS "updatedAt", c.version, scope.databases, scope.tables, open.run AS "openRun", last.run AS "lastRun"
    FROM crawler c
    JOIN data_source s ON s.id = c.data_source_id
    JOIN resource_group g ON g.id = c.resource_group_id
    CROSS JOIN LATERAL (
      SELECT count(*)::int AS databases, coalesce(sum(d.table_count), 0)::int AS tables
        FROM collected_database d
       WHERE d.crawler_id = c.id AND d.retiring_at IS NULL
    ) scope
    LEFT JOIN LATERAL (
      SELECT jsonb_build_object('id', r.id, 'number', r.number, 'status', r.status, 'startedAt', r.started_at) AS run
        FROM crawl_run r
       WHERE r.crawler_id = c.id AND r.status IN ('queued', 'running', 'stopping')
    ) open ON true
    LEFT JOIN LATERAL (
      SELECT jsonb_build_object('id', r.id, 'number', r.number, 'status', r.status, 'startedAt', r.started_at,
                                'endedAt', r.ended_at, 'counts', r.counts) AS run
        FROM crawl_run r
       WHERE r.crawler_id = c.id AND r.status NOT IN ('queued', 'running', 'stopping', 'skipped')
       ORDER BY r.number DESC
       LIMIT 1
    ) last ON true`;

/** One crawler with its scope, one that is being deleted included. Who may see it is the caller's to check. @throws NotFound */
export async function getCrawler(database: Database, id: string): Promise<CrawlerDetail> {
  const [row] = await query<Row>(database, `${SELECT} WHERE c.id = ?`, [id]);
  if (row === undefined) throw new NotFound('crawler', id);
  const scope = await query<ScopedDatabase>(
    database,
    `SELECT id, name, visibility, table_count AS tables, last_complete_at AS "lastCompleteAt",
            removal_guard AS "removalGuard", retiring_at AS "retiringAt"
       FROM collected_database
      WHERE crawler_id = ?
      ORDER BY name`,
    [id],
  );
  return { ...toSummary(row), scope };
}

export interface CrawlerFilters {
  workspaceId?: string;
  dataSourceId?: string;
  sourceType?: string;
  resourceGroupId?: string;
  /** Found in the names of crawler and data source, whatever the case. */
  text?: string;
}

/** Crawlers by name, without those being deleted. */
export async function listCrawlers(
  database: Database,
  request: { visible: VisibleWorkspaces; filters?: CrawlerFilters; cursor?: string; limit: number },
): Promise<Page<CrawlerSummary>> {
  const [name, id] = decodeCursor(request.cursor, [ANY_TEXT, UUID]) ?? [];
  const filters = request.filters ?? {};
  const rows = await query<Row & { sortName: string }>(
    database,
    `SELECT * FROM (${SELECT}
      WHERE c.status = 'active'
        AND (:visible::uuid[] IS NULL OR c.workspace_id = ANY (:visible::uuid[]))
        AND (:workspaceId::uuid IS NULL OR c.workspace_id = :workspaceId::uuid)
        AND (:dataSourceId::uuid IS NULL OR c.data_source_id = :dataSourceId::uuid)
        AND (:sourceType::text IS NULL OR s.type = :sourceType)
        AND (:groupId::text IS NULL OR c.resource_group_id = :groupId)
        AND (:search::text IS NULL OR position(lower(:search) IN lower(c.name || ' ' || s.name)) > 0)
        AND (:id::uuid IS NULL OR (lower(c.name), c.id) > (:name::text, :id::uuid))
      ORDER BY lower(c.name), c.id
      LIMIT :limit + 1) page, LATERAL (SELECT lower(page.name) AS "sortName") sort
      ORDER BY "sortName", id`,
    {
      visible: visibleBinding(request.visible),
      workspaceId: filters.workspaceId ?? null,
      dataSourceId: filters.dataSourceId ?? null,
      sourceType: filters.sourceType ?? null,
      groupId: filters.resourceGroupId ?? null,
      search: filters.text || null,
      name: name ?? null,
      id: id ?? null,
      limit: request.limit,
    },
  );
  return pageOf(
    rows,
    request.limit,
    ({ sortName: _, ...row }) => toSummary(row),
    (row) => [row.sortName, row.id],
  );
}

/** Every crawler that runs are allowed of, as the engine's schedules are made from: those with a manual plan have none. */
export async function crawlersToSchedule(
  database: Database,
): Promise<
  { id: string; name: string; plan: Plan; paused: boolean; pauseNote: string | null; resourceGroupId: string }[]
> {
  return query(
    database,
    `SELECT id, name, plan, paused, pause_note AS "pauseNote", resource_group_id AS "resourceGroupId"
       FROM crawler
      WHERE status = 'active'
      ORDER BY id`,
  );
}

function toSummary(row: Row): CrawlerSummary {
  const { openRun, lastRun } = row;
  return {
    ...row,
    planInWords: planInWords(row.plan),
    openRun: openRun && { ...openRun, startedAt: toDate(openRun.startedAt) },
    lastRun: lastRun && { ...lastRun, startedAt: toDate(lastRun.startedAt), endedAt: new Date(lastRun.endedAt) },
  };
}

function toDate(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}
