import type { Database } from '../../db/database.js';
import type { JobReader } from './jobs.js';
import { type Side, sidesOf } from './sides.js';

/** Data sets named of one side of a job. */
const MOST_DATASETS = 20;

/**
 * What jobs read and write by now: what moves along their edges, and what the latest run named that named anything, since a job
 * that only reads has no edges.
 */
export async function sidesOfJobs(
  database: Database,
  jobIds: readonly string[],
  reader: JobReader,
): Promise<(jobId: string) => { reads: Side; writes: Side }> {
  const sides = await sidesOf(database, { told: TOLD, ids: jobIds, most: MOST_DATASETS }, reader);
  return (jobId) => ({ reads: sides(jobId, false), writes: sides(jobId, true) });
}

const TOLD = `
  SELECT f.process_id AS id, e.output, e.dataset_id
  FROM lineage_job_flow f
  CROSS JOIN LATERAL (VALUES (false, f.upstream), (true, f.downstream)) AS e(output, dataset_id)
  WHERE f.process_id = ANY(CAST(:ids AS bigint[])) AND f.ended_at IS NULL
  UNION
  SELECT j.id, o.output, o.dataset_id
  FROM unnest(CAST(:ids AS bigint[])) AS j(id)
  CROSS JOIN LATERAL (
    SELECT r.id
    FROM lineage_run r
    WHERE r.process_id = j.id AND EXISTS (SELECT FROM lineage_run_dataset o WHERE o.run_id = r.id)
    ORDER BY r.first_at DESC, r.id DESC
    LIMIT 1
  ) latest
  JOIN lineage_run_dataset o ON o.run_id = latest.id`;
