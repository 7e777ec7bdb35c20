import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { OBSTACLE } from './what-to-revert.js';

/** What reverting a run would do now: tables, schemas and databases alike. */
export interface RevertPreview {
  /** Were added or restored by the run, and would be removed. */
  remove: number;
  /** Would get a new version with the content they had. */
  change: number;
  /** Were removed by the run, and would be restored. */
  restore: number;
  /** Changed again since; they would be left alone. */
  changedAgain: number;
  /** Only their partitions changed, and those that were are not kept. */
  partitionsNotKept: number;
}

export async function previewRevert(database: Database, runId: string): Promise<RevertPreview> {
  const [row] = await query<RevertPreview>(
    database,
    `SELECT count(*) FILTER (WHERE obstacle IS NULL AND change IN ('added', 'restored'))::int AS remove,
            count(*) FILTER (WHERE obstacle IS NULL AND change = 'changed')::int AS change,
            count(*) FILTER (WHERE obstacle IS NULL AND change = 'removed')::int AS restore,
            count(*) FILTER (WHERE obstacle IN ('CHANGED_AGAIN', 'VERSION_NOT_KEPT'))::int AS "changedAgain",
            count(*) FILTER (WHERE obstacle = 'PARTITIONS_NOT_KEPT')::int AS "partitionsNotKept"
       FROM (SELECT r.change, ${OBSTACLE('NULL')} AS obstacle
               FROM run_change r
               JOIN entity e ON e.id = r.entity_id
              WHERE r.run_id = ? AND r.change <> 'held') x`,
    [runId],
  );
  return row ?? { remove: 0, change: 0, restore: 0, changedAgain: 0, partitionsNotKept: 0 };
}
