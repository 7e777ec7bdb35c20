import { DECIMAL, decodeCursor, type Page, pageOf } from '../../catalog/model/cursor.js';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { HAS_OWN_ID, type JobReader } from './jobs.js';
import { type Side, sidesOf } from './sides.js';

/** Data sets shown of one side of a run. */
const MOST_DATASETS = 200;

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
  inputs: Side;
  outputs: Side;
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
  const runs = page.items.map((row) => row.id);
  const sides = await sidesOf(database, { told: TOLD, ids: runs, most: MOST_DATASETS }, reader);
  const items = page.items.map(({ id: run, place: _, ...rest }) => ({
    ...rest,
    inputs: sides(run, false),
    outputs: sides(run, true),
  }));
  return { ...page, items };
}

/** The data sets that runs named. */
const TOLD = `
  SELECT o.run_id AS id, o.output, o.dataset_id
  FROM lineage_run_dataset o
  WHERE o.run_id = ANY(CAST(:ids AS bigint[]))`;
