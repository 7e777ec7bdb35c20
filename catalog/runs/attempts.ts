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

/** What an attempt said last. */
export interface LastWord {
  attempt: number;
  worker: string;
  /** What it ended with; null where it began and was not heard of again. */
  code: string | null;
  message: string;
  /** How long ago that was, in seconds. */
  age: number;
}

/**
 * What the run's log heard last of the attempts before this one. Undefined when none came to write a line. The attempt
 * just before may be missing: one that only waited for its turn once more leaves no line.
 */
export async function lastWordBefore(database: Database, attempt: AttemptOfStep): Promise<LastWord | undefined> {
  const [line] = await query<LastWord>(
    database,
    `SELECT (fields ->> 'attempt')::integer AS attempt, fields ->> 'worker' AS worker, fields ->> 'code' AS code,
            message, extract(epoch FROM clock_timestamp() - at)::float8 AS age
       FROM run_log
      WHERE run_id = :runId AND step = :step AND unit IS NOT DISTINCT FROM :unit::integer
        AND (fields ->> 'attempt')::integer < :attempt::integer
      ORDER BY seq DESC
      LIMIT 1`,
    { ...attempt, unit: attempt.unit ?? null },
  );
  return line;
}
