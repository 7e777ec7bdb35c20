import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/**
 * How a run whose units have all been tried went: failed when none could be collected, partial when some could not,
 * or something of one could not be read or was held back, succeeded otherwise.
 */
export async function summariseRun(database: Database, runId: string): Promise<'succeeded' | 'partial' | 'failed'> {
  const [row] = await query<{ units: number; whole: number; collected: number; errors: boolean }>(
    database,
    `SELECT count(*)::int AS units,
            count(*) FILTER (WHERE status = 'planned'
                                OR (status = 'done' AND coalesce((counts ->> 'held')::bigint, 0) = 0))::int AS whole,
            count(*) FILTER (WHERE status IN ('planned', 'done', 'partial'))::int AS collected,
            EXISTS (SELECT 1 FROM crawl_problem WHERE run_id = :runId AND level = 'error') AS errors
       FROM crawl_unit
      WHERE run_id = :runId`,
    { runId },
  );
  if (row === undefined || row.units === 0) return 'succeeded';
  if (row.collected === 0) return 'failed';
  return row.whole < row.units || row.errors ? 'partial' : 'succeeded';
}
