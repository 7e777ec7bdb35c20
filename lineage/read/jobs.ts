import type { Knex } from 'knex';
import { DECIMAL, decodeCursor, type Page, pageOf } from '../../catalog/model/cursor.js';
import type { Database } from '../../db/database.js';
import { instant } from '../../db/instant.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import { HIDDEN_DATABASES, movesHiddenData } from './hidden-data.js';

/** Which jobs a reader may see, and how much of them. */
export interface JobReader {
  /** A condition on `collected_database` under the alias `d`. */
  visible: Knex.Raw;
  /** A condition on `lineage_node` under the alias `n`, for those that are not on the map. */
  outside: Knex.Raw;
  /** Workspaces that the reader is in. */
  workspaces: string[] | 'everything';
}

/** Whether the run `r` is one: events without a run are kept under keys of their own. */
export const HAS_OWN_ID = `strpos(r.key, ' ') = 0`;

/** A job that told of itself with events. */
export interface Job {
  /** Decimal text. */
  id: string;
  namespace: string;
  name: string;
  /** Whose events they are; null for the whole tenant. */
  workspace: { id: string; name: string } | null;
  /** When its first event came, and its latest. */
  firstSeen: Date;
  lastSeen: Date;
  latestRun: { runId: string; state: string; startedAt: string | null; endedAt: string | null } | null;
}

/** A job with what it says of itself. */
export interface JobDetail extends Job {
  /** Its statement; null where there is none, or where it may not be read. */
  sql: string | null;
  /** The latest of each facet, by name. Without code where the texts may not be read. */
  facets: Record<string, unknown>;
  /** Its texts name what the reader may not see, or may. */
  restricted: boolean;
}

/**
 * Whether the process `p` may be known of: by the workspace whose events they are, and by whoever sees all of the databases that
 * it is concerned with. Needs `d`, the most hidden of them when it was drawn; there may be several, and others by now.
 */
const SHOWN = `
  (p.collected_database_id IS NULL OR coalesce((:visible), false))
  AND (:everything OR coalesce(p.workspace_id = ANY(CAST(:workspaces AS uuid[])), false)
       OR p.collected_database_id IS NOT NULL)
  AND NOT ${movesHiddenData(HIDDEN_DATABASES)}`;

/**
 * Whether what the job `p` says in its own words may be read: statements, code and errors name tables, also those that no event
 * lists. They are for the workspace whose events they are, as far as all of the job's data may be seen there.
 */
const READABLE = `
  (:everything OR coalesce(p.workspace_id = ANY(CAST(:workspaces AS uuid[])), false))
  AND NOT EXISTS (
    SELECT 1
    FROM (
      SELECT f.upstream AS dataset_id FROM lineage_job_flow f WHERE f.process_id = p.id
      UNION
      SELECT f.downstream FROM lineage_job_flow f WHERE f.process_id = p.id
      UNION
      SELECT o.dataset_id
      FROM lineage_run r
      JOIN lineage_run_dataset o ON o.run_id = r.id
      WHERE r.process_id = p.id
    ) told
    JOIN lineage_dataset s ON s.id = told.dataset_id
    JOIN lineage_node n ON n.id = s.node_id
    JOIN entity e ON e.id = n.entity_id
    LEFT JOIN collected_database d ON d.id = e.collected_database_id
    WHERE NOT coalesce((:visible), false)
  )`;

/** A condition on `lineage_process` under the alias `p`: jobs that the reader may know of, and read the words of. */
export const readableJobs = (database: Database, reader: JobReader): Knex.Raw =>
  database.raw(
    `EXISTS (
       SELECT
       FROM (VALUES (p.collected_database_id)) AS concerned(id)
       LEFT JOIN collected_database d ON d.id = concerned.id
       WHERE ${SHOWN} AND ${READABLE}
     )`,
    bindings(reader),
  );

const COLUMNS = `
  p.id, p.evidence ->> 'namespace' AS namespace, p.name,
  CASE WHEN w.id IS NOT NULL THEN jsonb_build_object('id', w.id, 'name', w.name) END AS workspace,
  p.first_seen AS "firstSeen", p.last_seen AS "lastSeen", latest.run AS "latestRun"`;

const FROM = `
  FROM lineage_process p
  LEFT JOIN workspace w ON w.id = p.workspace_id
  LEFT JOIN collected_database d ON d.id = p.collected_database_id
  LEFT JOIN LATERAL (
    SELECT jsonb_build_object('runId', r.key, 'state', r.state, 'startedAt', ${instant('r.started_at')},
                              'endedAt', ${instant('r.ended_at')}) AS run
    FROM lineage_run r
    WHERE r.process_id = p.id AND ${HAS_OWN_ID}
    ORDER BY r.first_at DESC, r.id DESC
    LIMIT 1
  ) latest ON true`;

const bindings = ({ visible, workspaces }: JobReader) => ({
  visible,
  everything: workspaces === 'everything',
  workspaces: workspaces === 'everything' ? [] : workspaces,
});

/**
 * Jobs that told of themselves, those first that told last of all for the first time.
 * @throws InvalidCursor
 */
export async function listJobs(
  database: Database,
  {
    namespace,
    name,
    workspaceId,
    cursor,
    limit,
  }: {
    namespace?: string | undefined;
    /** A part of the name, in any case. */
    name?: string | undefined;
    workspaceId?: string | undefined;
    cursor?: string | undefined;
    limit: number;
  },
  reader: JobReader,
): Promise<Page<Job>> {
  const [before] = decodeCursor(cursor, [DECIMAL]) ?? [];
  const rows = await query<Job>(
    database,
    `SELECT ${COLUMNS} ${FROM}
     WHERE p.kind = 'job' AND ${SHOWN}
       AND (CAST(:before AS bigint) IS NULL OR p.id < CAST(:before AS bigint))
       AND (CAST(:namespace AS text) IS NULL OR p.evidence ->> 'namespace' = :namespace)
       AND (CAST(:name AS text) IS NULL OR strpos(lower(p.name), lower(:name)) > 0)
       AND (CAST(:workspaceId AS uuid) IS NULL OR p.workspace_id = CAST(:workspaceId AS uuid))
     ORDER BY p.id DESC
     LIMIT :limit + 1`,
    {
      ...bindings(reader),
      before: before ?? null,
      namespace: namespace ?? null,
      name: name ?? null,
      workspaceId: workspaceId ?? null,
      limit,
    },
  );
  return pageOf(
    rows,
    limit,
    (row) => row,
    ({ id }) => [id],
  );
}

/** Facets that hold code or commands. */
const CODE = ['sourceCode', 'sql'];

/** @throws NotFound, also for one that the reader may not know of */
export async function getJob(database: Database, id: string, reader: JobReader): Promise<JobDetail> {
  const [row] = await query<JobDetail & { readable: boolean }>(
    database,
    `SELECT ${COLUMNS}, ${READABLE} AS readable, p.sql, coalesce(p.evidence -> 'facets', '{}') AS facets ${FROM}
     WHERE p.kind = 'job' AND p.id = CAST(:id AS bigint) AND ${SHOWN}`,
    { ...bindings(reader), id },
  );
  if (row === undefined) throw new NotFound('job', id);
  const { readable, ...job } = row;
  if (readable) return { ...job, restricted: false };
  const facets = Object.fromEntries(Object.entries(job.facets).filter(([name]) => !CODE.includes(name)));
  return { ...job, sql: null, facets, restricted: true };
}
