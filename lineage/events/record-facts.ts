import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { FoundColumn } from '../store/record-edges.js';
import type { DatedFacet } from './facts.js';

/** Nothing is drawn between the inputs and outputs of a run that has more pairs of them: only what its columns say. */
export const MOST_PAIRS = 10_000;

export interface DatasetRow {
  workspaceId: string | null;
  namespace: string;
  name: string;
  facets: Record<string, DatedFacet>;
}

/** Makes data sets that are new and keeps the latest of each facet. Returns their ids, decimal text, in the same order. */
export async function recordDatasets(transaction: Database, datasets: readonly DatasetRow[]): Promise<string[]> {
  const given = JSON.stringify(datasets.map((dataset, place) => ({ ...dataset, place })));
  await query(
    transaction,
    `INSERT INTO lineage_dataset (workspace_id, namespace, name)
     SELECT g."workspaceId", g.namespace, g.name
     FROM jsonb_to_recordset(?) AS g("workspaceId" uuid, namespace text, name text)
     ORDER BY g.namespace, g.name
     ON CONFLICT DO NOTHING`,
    [given],
  );
  const rows = await query<{ id: string }>(
    transaction,
    `SELECT s.id
     FROM jsonb_to_recordset(?) AS g(place integer, "workspaceId" uuid, namespace text, name text)
     JOIN lineage_dataset s ON s.namespace = g.namespace AND s.name = g.name
          AND coalesce(s.workspace_id, '00000000-0000-0000-0000-000000000000')
              = coalesce(g."workspaceId", '00000000-0000-0000-0000-000000000000')
     ORDER BY g.place`,
    [given],
  );
  const ids = rows.map(({ id }) => id);
  const told = datasets.flatMap(({ facets }, place) =>
    Object.keys(facets).length === 0 ? [] : [{ id: ids[place], facets }],
  );
  if (told.length > 0) await query(transaction, KEEP_FACETS, [JSON.stringify(told)]);
  return ids;
}

/** A facet that says what it said before is not written again. */
const KEEP_FACETS = `
  UPDATE lineage_dataset s
  SET facets = (
    SELECT jsonb_object_agg(m.key, m.value)
    FROM (
      SELECT DISTINCT ON (a.key) a.key, a.value
      FROM (SELECT * FROM jsonb_each(s.facets) UNION ALL SELECT * FROM jsonb_each(g.facets)) a
      ORDER BY a.key, a.value ->> 'at' DESC, a.value ->> 'digest'
    ) m
  )
  FROM jsonb_to_recordset(?) AS g(id bigint, facets jsonb)
  WHERE s.id = g.id AND EXISTS (
    SELECT
    FROM jsonb_each(g.facets) n
    WHERE s.facets -> n.key IS NULL
       OR (s.facets -> n.key ->> 'digest' <> n.value ->> 'digest' AND s.facets -> n.key ->> 'at' <= n.value ->> 'at')
  )`;

export interface SymlinkRow {
  datasetId: string;
  namespace: string;
  name: string;
  type: string;
}

/** Keeps other names. Returns the data sets that may stand for something else by them: those, and those of these names. */
export async function recordSymlinks(transaction: Database, symlinks: readonly SymlinkRow[]): Promise<string[]> {
  if (symlinks.length === 0) return [];
  const rows = await query<{ id: string }>(
    transaction,
    `WITH added AS (
       INSERT INTO lineage_symlink (dataset_id, namespace, name, type)
       SELECT g."datasetId", g.namespace, g.name, g.type
       FROM jsonb_to_recordset(?) AS g("datasetId" bigint, namespace text, name text, type text)
       ON CONFLICT DO NOTHING
       RETURNING dataset_id, namespace, name
     )
     SELECT dataset_id AS id FROM added
     UNION
     SELECT s.id
     FROM added a
     JOIN lineage_dataset o ON o.id = a.dataset_id
     JOIN lineage_dataset s ON s.namespace = a.namespace AND s.name = a.name
                           AND s.workspace_id IS NOT DISTINCT FROM o.workspace_id`,
    [JSON.stringify(symlinks)],
  );
  return rows.map(({ id }) => id);
}

export interface JobRow {
  workspaceId: string | null;
  key: string;
  name: string;
  sql: string | null;
  evidence: { at: string; namespace: string; facets: Record<string, unknown> };
}

/** Makes jobs that are new and keeps what they last said of themselves. Returns their process ids by key. */
export async function recordJobs(transaction: Database, jobs: readonly JobRow[]): Promise<ReadonlyMap<string, string>> {
  const given = JSON.stringify(jobs);
  await query(
    transaction,
    `INSERT INTO lineage_process (kind, key, name, workspace_id, sql, evidence, state)
     SELECT 'job', g.key, g.name, g."workspaceId", g.sql, g.evidence, 'stated'
     FROM jsonb_to_recordset(?) AS g("workspaceId" uuid, key text, name text, sql text, evidence jsonb)
     ORDER BY g.key
     ON CONFLICT (kind, key) DO UPDATE
     SET last_seen = now(),
         sql = CASE WHEN lineage_process.evidence ->> 'at' <= excluded.evidence ->> 'at'
                    THEN coalesce(excluded.sql, lineage_process.sql)
                    ELSE coalesce(lineage_process.sql, excluded.sql) END,
         evidence = CASE WHEN lineage_process.evidence ->> 'at' <= excluded.evidence ->> 'at'
                         THEN lineage_process.evidence || excluded.evidence || jsonb_build_object(
                           'facets', (lineage_process.evidence -> 'facets') || (excluded.evidence -> 'facets'))
                         ELSE lineage_process.evidence || jsonb_build_object(
                           'facets', (excluded.evidence -> 'facets') || (lineage_process.evidence -> 'facets')) END
     WHERE lineage_process.last_seen < now() - interval '1 minute'
        OR NOT lineage_process.evidence -> 'facets' @> (excluded.evidence -> 'facets')
        OR (excluded.sql IS NOT NULL AND lineage_process.sql IS DISTINCT FROM excluded.sql)`,
    [given],
  );
  const rows = await query<{ id: string; key: string }>(
    transaction,
    `SELECT p.id, p.key
     FROM jsonb_to_recordset(?) AS g(key text)
     JOIN lineage_process p ON p.kind = 'job' AND p.key = g.key`,
    [given],
  );
  return new Map(rows.map(({ id, key }) => [key, id]));
}

export interface RunRow {
  processId: string;
  key: string;
  state: string;
  startedAt: string | null;
  endedAt: string | null;
  /** Of its earliest event, and of its latest. */
  firstAt: string;
  at: string;
  /** The id of the run that it is part of. */
  parent: string | null;
  facets: Record<string, unknown>;
}

/** The same for the same run, as in what `recordRuns` returns. */
export const runKey = ({ processId, key }: Pick<RunRow, 'processId' | 'key'>): string => `${processId} ${key}`;

/** Makes or renews runs, each once. One that ended has not begun again because the event of its start came late. */
export async function recordRuns(transaction: Database, runs: readonly RunRow[]): Promise<ReadonlyMap<string, string>> {
  const rows = await query<{ id: string; processId: string; key: string }>(
    transaction,
    `INSERT INTO lineage_run (process_id, key, state, started_at, ended_at, first_at, event_at, parent, facets)
     SELECT g."processId", g.key, g.state, g."startedAt", g."endedAt", g."firstAt", g.at, g.parent, g.facets
     FROM jsonb_to_recordset(?) AS g("processId" bigint, key text, state text, "startedAt" timestamptz,
                                     "endedAt" timestamptz, "firstAt" timestamptz, at timestamptz, parent text,
                                     facets jsonb)
     ON CONFLICT (process_id, key) DO UPDATE
     -- That of its latest end, or of its latest event while none has come; of two at once the same one in any order.
     SET state = CASE
           WHEN (excluded.ended_at IS NOT NULL, coalesce(excluded.ended_at, excluded.event_at),
                 excluded.state COLLATE "C")
             >= (lineage_run.ended_at IS NOT NULL, coalesce(lineage_run.ended_at, lineage_run.event_at),
                 lineage_run.state COLLATE "C")
           THEN excluded.state ELSE lineage_run.state END,
         started_at = least(lineage_run.started_at, excluded.started_at),
         ended_at = greatest(lineage_run.ended_at, excluded.ended_at),
         first_at = least(lineage_run.first_at, excluded.first_at),
         event_at = greatest(lineage_run.event_at, excluded.event_at),
         parent = least(lineage_run.parent, excluded.parent),
         facets = CASE WHEN excluded.event_at >= lineage_run.event_at THEN lineage_run.facets || excluded.facets
                       ELSE excluded.facets || lineage_run.facets END,
         touched_at = now()
     RETURNING id, process_id AS "processId", key`,
    [JSON.stringify(runs)],
  );
  return new Map(rows.map((row) => [runKey(row), row.id]));
}

export interface RunDatasetRow {
  runId: string;
  datasetId: string;
  output: boolean;
}

export async function recordRunDatasets(transaction: Database, datasets: readonly RunDatasetRow[]): Promise<void> {
  await query(
    transaction,
    `INSERT INTO lineage_run_dataset (run_id, dataset_id, output)
     SELECT g."runId", g."datasetId", g.output
     FROM jsonb_to_recordset(?) AS g("runId" bigint, "datasetId" bigint, output boolean)
     ON CONFLICT DO NOTHING`,
    [JSON.stringify(datasets)],
  );
}

export interface FlowRow {
  processId: string;
  upstream: string;
  downstream: string;
  at: string;
  columns: FoundColumn[];
  /** Of the event, in hex: between two of the same time. */
  digest: string;
}

/** What the flows of a batch mean for edges that are drawn. */
export interface RecordedFlows {
  /** Processes whose edges are to be drawn again. */
  changed: Set<string>;
  /** Flows that were there and are seen again, where their edges were last seen a while ago. */
  seen: { processId: string; upstream: string; downstream: string }[];
}

/**
 * From every input of these runs to every output of the same run, by all events that have come of it. A run with pairs, all of
 * which are kept, is noted as one that said what it moves.
 */
export async function recordRunFlows(transaction: Database, runIds: readonly string[]): Promise<RecordedFlows> {
  const rows = await query<RecordedFlows['seen'][number] & { begun: boolean }>(
    transaction,
    `WITH paired AS (
       SELECT run_id, count(*) FILTER (WHERE output) * count(*) FILTER (WHERE NOT output) AS pairs
       FROM lineage_run_dataset
       WHERE run_id = ANY(:runIds)
       GROUP BY run_id
     ), noted AS (
       UPDATE lineage_run r
       SET moves = p.pairs BETWEEN 1 AND :mostPairs
       FROM paired p
       WHERE r.id = p.run_id AND r.moves <> (p.pairs BETWEEN 1 AND :mostPairs)
     ), given AS (
       SELECT r.process_id, i.dataset_id AS upstream, o.dataset_id AS downstream, max(r.event_at) AS seen_at
       FROM paired p
       JOIN lineage_run r ON r.id = p.run_id
       JOIN lineage_run_dataset i ON i.run_id = r.id AND NOT i.output
       JOIN lineage_run_dataset o ON o.run_id = r.id AND o.output
       WHERE p.pairs <= :mostPairs AND i.dataset_id <> o.dataset_id
       GROUP BY r.process_id, i.dataset_id, o.dataset_id
     ), kept AS (
       INSERT INTO lineage_job_flow (process_id, upstream, downstream, seen_at)
       SELECT process_id, upstream, downstream, seen_at
       FROM given
       ON CONFLICT (process_id, upstream, downstream) DO UPDATE
       SET seen_at = excluded.seen_at, ended_at = NULL
       WHERE lineage_job_flow.seen_at < excluded.seen_at
     )
     -- The flows as they were before.
     SELECT g.process_id AS "processId", g.upstream, g.downstream, f.process_id IS NULL OR f.ended_at IS NOT NULL AS begun
     FROM given g
     JOIN lineage_dataset u ON u.id = g.upstream
     JOIN lineage_dataset d ON d.id = g.downstream
     LEFT JOIN lineage_job_flow f USING (process_id, upstream, downstream)
     LEFT JOIN lineage_edge l ON (l.process_id, l.upstream, l.downstream) = (g.process_id, u.node_id, d.node_id)
                             AND l.valid_to IS NULL
     WHERE f.process_id IS NULL
        OR (f.seen_at < g.seen_at AND (f.ended_at IS NOT NULL OR l.last_seen < now() - interval '10 minutes'))`,
    { runIds: [...runIds], mostPairs: MOST_PAIRS },
  );
  return {
    changed: new Set(rows.filter(({ begun }) => begun).map(({ processId }) => processId)),
    seen: rows.filter(({ begun }) => !begun),
  };
}

/** Keeps the columns of flows, of each the latest event's. Returns the processes of those that differ from before. */
export async function recordColumnFlows(transaction: Database, flows: readonly FlowRow[]): Promise<string[]> {
  if (flows.length === 0) return [];
  const rows = await query<{ processId: string }>(
    transaction,
    `WITH given AS (
       SELECT g."processId" AS process_id, g.upstream, g.downstream, g.at, g.columns, decode(g.digest, 'hex') AS digest
       FROM jsonb_to_recordset(?) AS g("processId" bigint, upstream bigint, downstream bigint, at timestamptz,
                                       columns jsonb, digest text)
     ), changed AS (
       SELECT DISTINCT g.process_id
       FROM given g
       LEFT JOIN lineage_job_flow f USING (process_id, upstream, downstream)
       WHERE (f.columns IS DISTINCT FROM g.columns OR f.ended_at IS NOT NULL)
         AND (f.columns_at IS NULL OR (f.columns_at, f.columns_of) < (g.at, g.digest))
     ), kept AS (
       INSERT INTO lineage_job_flow (process_id, upstream, downstream, seen_at, columns, columns_at, columns_of)
       SELECT process_id, upstream, downstream, at, columns, at, digest
       FROM given
       ON CONFLICT (process_id, upstream, downstream) DO UPDATE
       SET columns = CASE WHEN lineage_job_flow.columns = excluded.columns
                          THEN lineage_job_flow.columns ELSE excluded.columns END,
           seen_at = greatest(lineage_job_flow.seen_at, excluded.seen_at),
           ended_at = CASE WHEN lineage_job_flow.seen_at >= excluded.seen_at THEN lineage_job_flow.ended_at END,
           columns_at = excluded.columns_at, columns_of = excluded.columns_of
       WHERE lineage_job_flow.columns_at IS NULL
          OR (lineage_job_flow.columns_at, lineage_job_flow.columns_of) < (excluded.columns_at, excluded.columns_of)
     )
     SELECT process_id AS "processId" FROM changed`,
    [JSON.stringify(flows)],
  );
  return rows.map(({ processId }) => processId);
}
