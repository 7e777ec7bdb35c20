import { DECIMAL, decodeCursor, type Page, pageOf } from '../../catalog/model/cursor.js';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { type DescribedNode, describeNodes } from './describe.js';
import { HAS_OWN_ID, type JobReader } from './jobs.js';

/** Data sets shown of one side of a run. */
const MOST_DATASETS = 200;

/** What a run read or wrote. */
export interface RunSide {
  datasets: DescribedNode[];
  /** There is something that the reader may not see, at least one. */
  restricted: boolean;
  /** There are more than are shown. */
  truncated: boolean;
}

/** A run of a job, as its events told. */
export interface JobRun {
  /** The id that its events have. */
  runId: string;
  /** START, RUNNING, COMPLETE, ABORT, FAIL or OTHER: by its end, or its latest event. */
  state: string;
  startedAt: Date | null;
  endedAt: Date | null;
  lastEventAt: Date;
  /** By name; see `OF_RUN` in facts.ts for which are kept. Without words of its own where the reader may not read them. */
  facets: Record<string, unknown>;
  inputs: RunSide;
  outputs: RunSide;
}

interface Row extends Omit<JobRun, 'inputs' | 'outputs'> {
  id: string;
  /** Microseconds since 1970. */
  place: string;
}

/**
 * The runs of a job whose events still are kept, the latest first. The caller has made sure that the job may be known of.
 * @param job.restricted its words may not be read: an error names tables, and a parent is a job of its own
 * @throws InvalidCursor
 */
export async function listJobRuns(
  database: Database,
  job: { id: string; restricted: boolean },
  { cursor, limit }: { cursor?: string | undefined; limit: number },
  reader: JobReader,
): Promise<Page<JobRun>> {
  const [place, id] = decodeCursor(cursor, [/^-?\d{1,17}$/, DECIMAL]) ?? [];
  const rows = await query<Row>(
    database,
    `SELECT r.id, (extract(epoch FROM r.first_at) * 1000000)::bigint AS place, r.key AS "runId", r.state, r.started_at AS "startedAt",
            r.ended_at AS "endedAt", r.event_at AS "lastEventAt",
            CASE WHEN :restricted THEN r.facets - CAST('{errorMessage,parent,externalQuery,tags}' AS text[])
                 ELSE r.facets END AS facets
     FROM lineage_run r
     WHERE r.process_id = CAST(:job AS bigint) AND ${HAS_OWN_ID}
       AND (CAST(:id AS bigint) IS NULL
            OR (r.first_at, r.id) < (timestamptz 'epoch' + CAST(:place AS bigint) * interval '1 microsecond',
                                     CAST(:id AS bigint)))
     ORDER BY r.first_at DESC, r.id DESC
     LIMIT :limit + 1`,
    { job: job.id, restricted: job.restricted, place: place ?? null, id: id ?? null, limit },
  );
  const page = pageOf(
    rows,
    limit,
    (row) => row,
    (row) => [row.place, row.id],
  );
  const sides = await sidesOf(
    database,
    page.items.map((row) => row.id),
    reader,
  );
  const items = page.items.map(({ id: run, place: _, ...rest }) => ({
    ...rest,
    inputs: sides(run, false),
    outputs: sides(run, true),
  }));
  return { ...page, items };
}

/** What runs read and wrote, of which what may not be seen is only told to be there. */
async function sidesOf(
  database: Database,
  runIds: readonly string[],
  { visible, outside }: JobReader,
): Promise<(runId: string, output: boolean) => RunSide> {
  const rows = await query<{
    runId: string;
    output: boolean;
    nodes: string[];
    restricted: boolean;
    truncated: boolean;
  }>(
    database,
    `SELECT run_id AS "runId", output, bool_or(NOT shown) AS restricted,
            count(*) FILTER (WHERE shown) > :most AS truncated,
            coalesce((array_agg(node_id::text ORDER BY node_id) FILTER (WHERE shown))[1 : CAST(:most AS int)], '{}') AS nodes
     FROM (
       SELECT DISTINCT o.run_id, o.output, s.node_id,
              CASE WHEN n.entity_id IS NULL THEN (:outside) ELSE coalesce((:visible), false) END AS shown
       FROM lineage_run_dataset o
       JOIN lineage_dataset s ON s.id = o.dataset_id
       -- One without a node was made just now, and is not looked for yet.
       JOIN lineage_node n ON n.id = s.node_id
       LEFT JOIN entity e ON e.id = n.entity_id
       LEFT JOIN collected_database d ON d.id = e.collected_database_id
       WHERE o.run_id = ANY(CAST(:runIds AS bigint[]))
     ) told
     GROUP BY run_id, output`,
    { runIds: [...runIds], visible, outside, most: MOST_DATASETS },
  );
  const described = new Map(
    (await describeNodes(database, [...new Set(rows.flatMap(({ nodes }) => nodes))])).map((node) => [node.node, node]),
  );
  return (runId, output) => {
    const side = rows.find((row) => row.runId === runId && row.output === output);
    return {
      datasets: side?.nodes.flatMap((node) => described.get(node) ?? []) ?? [],
      restricted: side?.restricted ?? false,
      truncated: side?.truncated ?? false,
    };
  };
}
