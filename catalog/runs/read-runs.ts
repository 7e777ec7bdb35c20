import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import type { Throttle } from '../governor/limits.js';
import { DECIMAL, decodeCursor, type Page, pageOf } from '../model/cursor.js';
import { type VisibleWorkspaces, visibleBinding } from '../model/visible-workspaces.js';
import { countRun } from './close-run.js';
import type { RunPause } from './pause-run.js';
import type { Failure, RunCounts, RunStatus, RunTrigger, UnitStatus } from './run-state.js';

export interface RunSummary {
  id: string;
  number: number;
  crawlerId: string;
  crawlerName: string;
  workspaceId: string;
  dataSourceId: string;
  sourceType: string;
  trigger: RunTrigger;
  /** The run that this one retries, applies or takes back. */
  ofRun: { id: string; number: number } | null;
  status: RunStatus;
  requestedBy: { id: string; name: string } | null;
  queuedAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
  stopRequestedAt: Date | null;
  resourceGroupId: string | null;
  /** Compute units it holds while it runs. */
  cu: number | null;
  /** Its cost; null while it is open. */
  cuHours: number | null;
  /** Of an open run: what its ended units did so far (getRun), or nothing yet (lists). */
  counts: Partial<RunCounts>;
  error: Failure | null;
  /** When search was complete up to this run. */
  searchableAt: Date | null;
}

export interface RunDetail extends RunSummary {
  units: Record<UnitStatus | 'total', number>;
  /** Names of the databases being collected or published now. */
  active: string[];
  /** Set while an open run is paused. */
  pause: RunPause | null;
  /** What a person held it to while it was going. */
  throttle: Throttle;
  /** The settings it went by. */
  config: Record<string, unknown>;
  workflowRunId: string | null;
}

export interface RunUnitDetail {
  unit: number;
  database: string;
  status: UnitStatus;
  attempt: number;
  worker: string | null;
  tablesTotal: number | null;
  tablesDone: number;
  counts: Record<string, number>;
  receipt: Record<string, unknown> | null;
  error: Failure | null;
  startedAt: Date | null;
  endedAt: Date | null;
}

export interface RunFilters {
  crawlerId?: string;
  workspaceId?: string;
  status?: readonly RunStatus[];
  trigger?: readonly RunTrigger[];
}

const SUMMARY = `
  r.id, r.number::float8 AS number, r.crawler_id AS "crawlerId", c.name AS "crawlerName", r.workspace_id AS "workspaceId",
  s.id AS "dataSourceId", s.type AS "sourceType", r.trigger, r.status,
  CASE WHEN o.id IS NULL THEN NULL ELSE jsonb_build_object('id', o.id, 'number', o.number) END AS "ofRun",
  CASE WHEN p.id IS NULL THEN NULL ELSE jsonb_build_object('id', p.id, 'name', p.name) END AS "requestedBy",
  r.queued_at AS "queuedAt", r.started_at AS "startedAt", r.ended_at AS "endedAt", r.stop_requested_at AS "stopRequestedAt",
  r.resource_group_id AS "resourceGroupId", r.cu::float8 AS cu, r.cu_hours::float8 AS "cuHours", r.counts, r.error,
  r.searchable_at AS "searchableAt"`;
const FROM = `
  FROM crawl_run r
  JOIN crawler c ON c.id = r.crawler_id
  JOIN data_source s ON s.id = c.data_source_id
  LEFT JOIN person p ON p.id = r.requested_by
  LEFT JOIN crawl_run o ON o.id = r.of_run_id`;

/** Runs, newest first. */
export async function listRuns(
  database: Database,
  request: { visible: VisibleWorkspaces; filters?: RunFilters; cursor?: string; limit: number },
): Promise<Page<RunSummary>> {
  const [before] = decodeCursor(request.cursor, [DECIMAL]) ?? [];
  const filters = request.filters ?? {};
  const rows = await query<RunSummary>(
    database,
    `SELECT ${SUMMARY} ${FROM}
      WHERE (:visible::uuid[] IS NULL OR r.workspace_id = ANY (:visible::uuid[]))
        AND (:before::bigint IS NULL OR r.number < :before::bigint)
        AND (:crawlerId::uuid IS NULL OR r.crawler_id = :crawlerId::uuid)
        AND (:workspaceId::uuid IS NULL OR r.workspace_id = :workspaceId::uuid)
        AND (:status::text[] IS NULL OR r.status = ANY (:status::text[]))
        AND (:trigger::text[] IS NULL OR r.trigger = ANY (:trigger::text[]))
      ORDER BY r.number DESC
      LIMIT :limit + 1`,
    {
      visible: visibleBinding(request.visible),
      before: before ?? null,
      crawlerId: filters.crawlerId ?? null,
      workspaceId: filters.workspaceId ?? null,
      status: filters.status === undefined ? null : [...filters.status],
      trigger: filters.trigger === undefined ? null : [...filters.trigger],
      limit: request.limit,
    },
  );
  return pageOf(
    rows,
    request.limit,
    (row) => row,
    (row) => [String(row.number)],
  );
}

/**
 * One run with the state of its units in numbers. Who may see it is the caller's to check, by its workspace.
 * @throws NotFound
 */
export async function getRun(database: Database, runId: string): Promise<RunDetail> {
  const [run] = await query<Omit<RunDetail, 'units' | 'active'>>(
    database,
    `SELECT ${SUMMARY}, r.config, r.workflow_run_id AS "workflowRunId",
            coalesce(r.throttle, '{}') AS throttle,
            CASE WHEN r.paused_at IS NOT NULL AND r.ended_at IS NULL THEN jsonb_build_object(
              'since', r.paused_at, 'note', r.pause_note,
              'by', (SELECT b.name FROM person b WHERE b.id = r.paused_by)) END AS pause
       ${FROM}
      WHERE r.id = ?`,
    [runId],
  );
  if (run === undefined) throw new NotFound('run', runId);
  const groups = await query<{ status: UnitStatus; units: number; databases: string[] }>(
    database,
    `SELECT status, count(*)::int AS units,
            CASE WHEN status IN ('collecting', 'publishing') THEN array_agg(database_name ORDER BY unit) ELSE '{}' END
              AS databases
       FROM crawl_unit
      WHERE run_id = ?
      GROUP BY status`,
    [runId],
  );
  const units: RunDetail['units'] = {
    total: groups.reduce((sum, group) => sum + group.units, 0),
    ...{
      pending: 0,
      collecting: 0,
      collected: 0,
      publishing: 0,
      planned: 0,
      done: 0,
      partial: 0,
      failed: 0,
      stopped: 0,
    },
    ...Object.fromEntries(groups.map((group) => [group.status, group.units])),
  };
  const pause = run.pause === null ? null : { ...run.pause, since: new Date(run.pause.since) };
  const counts = run.endedAt === null ? await countRun(database, runId) : run.counts;
  return { ...run, pause, counts, units, active: groups.flatMap((group) => group.databases) };
}

/** A run's units in order. */
export async function listRunUnits(
  database: Database,
  runId: string,
  page: { cursor?: string; limit: number },
): Promise<Page<RunUnitDetail>> {
  const [after] = decodeCursor(page.cursor, [DECIMAL]) ?? ['0'];
  const rows = await query<RunUnitDetail>(
    database,
    `SELECT unit, database_name AS database, status, attempt, worker, tables_total AS "tablesTotal",
            tables_done AS "tablesDone", counts, receipt, error, started_at AS "startedAt", ended_at AS "endedAt"
       FROM crawl_unit
      WHERE run_id = :runId AND unit > :after::bigint
      ORDER BY unit
      LIMIT :limit + 1`,
    { runId, after: after ?? '0', limit: page.limit },
  );
  return pageOf(
    rows,
    page.limit,
    (row) => row,
    (row) => [String(row.unit)],
  );
}

/** The crawler's queued, running or stopping run. */
export async function openRunOf(
  database: Database,
  crawlerId: string,
): Promise<{ runId: string; number: number; status: RunStatus; startedAt: Date | null } | undefined> {
  const [run] = await query<{ runId: string; number: number; status: RunStatus; startedAt: Date | null }>(
    database,
    `SELECT id AS "runId", number::float8 AS number, status, started_at AS "startedAt"
       FROM crawl_run
      WHERE crawler_id = ? AND status IN ('queued', 'running', 'stopping')`,
    [crawlerId],
  );
  return run;
}

/** The crawler's run that an execution of the engine works for, open or ended; undefined when it has no row yet. */
export async function runOfExecution(
  database: Database,
  crawlerId: string,
  workflowRunId: string,
): Promise<{ runId: string; number: number; status: RunStatus } | undefined> {
  const [run] = await query<{ runId: string; number: number; status: RunStatus }>(
    database,
    `SELECT id AS "runId", number::float8 AS number, status
       FROM crawl_run
      WHERE crawler_id = :crawlerId AND workflow_run_id = :workflowRunId`,
    { crawlerId, workflowRunId },
  );
  return run;
}
