import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** One attempt of a step on a run, or on a unit of it. */
export interface AttemptOfStep {
  runId: string;
  unit: number | undefined;
  step: string;
  /** From 1. */
  attempt: number;
}

/**
 * What the run's log heard last of an attempt: which worker it was on, and the code it ended with, null where it began
 * and was not heard of again. Undefined when it never came to write a line.
 */
export async function lastWordOf(
  database: Database,
  attempt: AttemptOfStep,
): Promise<{ worker: string; code: string | null } | undefined> {
  const [line] = await query<{ worker: string; code: string | null }>(
    database,
    `SELECT fields ->> 'worker' AS worker, fields ->> 'code' AS code
       FROM run_log
      WHERE run_id = :runId AND step = :step AND unit IS NOT DISTINCT FROM :unit::integer
        AND fields ->> 'attempt' = :attempt::text
      ORDER BY seq DESC
      LIMIT 1`,
    { ...attempt, unit: attempt.unit ?? null, attempt: String(attempt.attempt) },
  );
  return line;
}
