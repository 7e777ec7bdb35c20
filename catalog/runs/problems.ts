import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { DECIMAL, decodeCursor, type Page, pageOf } from '../model/cursor.js';
import { storedText } from '../model/stored-text.js';
import { createRedactor } from './redact.js';

/** One object that could not be read whole, or was kept as it was. An `error` makes the run partial, a warning does not. */
export interface Problem {
  /** `warning` when left out. */
  level?: 'warning' | 'error';
  schema: string | null;
  /** The object's name; null where the problem is the schema's. */
  name: string | null;
  code: string;
  message: string;
  remedy?: string;
}

export interface RecordedProblem {
  id: string;
  unit: number | null;
  level: 'warning' | 'error';
  schema: string | null;
  name: string | null;
  code: string;
  message: string;
  remedy: string | null;
}

const redact = createRedactor();

/** Records problems of a unit. One that the run has already, from an earlier attempt, is not repeated. */
export async function recordProblems(
  database: Database,
  runId: string,
  unit: number,
  problems: readonly Problem[],
): Promise<void> {
  if (problems.length === 0) return;
  const rows = problems.map((problem) => ({
    level: problem.level ?? 'warning',
    schema_name: problem.schema === null ? null : storedText(problem.schema, 1_000),
    object_name: problem.name === null ? null : storedText(problem.name, 1_000),
    code: storedText(problem.code, 100),
    message: storedText(redact.text(problem.message), 2_000),
    remedy: problem.remedy === undefined ? null : storedText(redact.text(problem.remedy), 2_000),
  }));
  await query(
    database,
    `INSERT INTO crawl_problem (run_id, unit, level, schema_name, object_name, code, message, remedy)
     SELECT :runId, :unit, n.level, n.schema_name, n.object_name, n.code, n.message, n.remedy
       FROM ROWS FROM (
              jsonb_to_recordset(:rows)
              AS (level text, schema_name text, object_name text, code text, message text, remedy text)
            ) WITH ORDINALITY AS n (level, schema_name, object_name, code, message, remedy, place)
      WHERE NOT EXISTS (
              SELECT 1
                FROM crawl_problem p
               WHERE p.run_id = :runId AND p.unit = :unit AND p.code = n.code
                 AND coalesce(p.schema_name, '') = coalesce(n.schema_name, '')
                 AND coalesce(p.object_name, '') = coalesce(n.object_name, ''))
      ORDER BY n.place`,
    { runId, unit, rows: JSON.stringify(rows) },
  );
}

/** A run's problems in the order they were met. */
export async function listProblems(
  database: Database,
  runId: string,
  page: { cursor?: string; limit: number },
): Promise<Page<RecordedProblem>> {
  const [after] = decodeCursor(page.cursor, [DECIMAL]) ?? ['0'];
  const rows = await query<RecordedProblem>(
    database,
    `SELECT id, unit, level, schema_name AS schema, object_name AS name, code, message, remedy
       FROM crawl_problem
      WHERE run_id = :runId AND id > :after::bigint
      ORDER BY id
      LIMIT :limit + 1`,
    { runId, after: after ?? '0', limit: page.limit },
  );
  return pageOf(
    rows,
    page.limit,
    (row) => row,
    (row) => [row.id],
  );
}
