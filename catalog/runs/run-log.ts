import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { DECIMAL, decodeCursor, encodeCursor } from '../model/cursor.js';
import { storedJson, storedText } from '../model/stored-text.js';

/** Least severe first. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogEntry {
  /** How long ago it happened, in milliseconds; it happens now without it. */
  age?: number;
  level: LogLevel;
  step: string;
  unit?: number;
  message: string;
  fields?: Record<string, unknown>;
}

export interface LogLine {
  /** Counts up within the run, with gaps. */
  seq: string;
  at: Date;
  level: LogLevel;
  step: string;
  unit: number | null;
  message: string;
  fields: Record<string, unknown>;
}

export interface LogPage {
  /** Oldest first, whichever way they were read. */
  lines: LogLine[];
  /** Goes on forward after the last line, or after the given cursor when there was none; absent before any line. */
  nextCursor?: string;
  /** Goes on backward before the first line; absent where nothing is before. */
  previousCursor?: string;
}

const LONGEST_MESSAGE = 4_096;
const LARGEST_FIELDS = 8_192;

/**
 * Appends lines in their order. Writers of one run take turns, each until its transaction ends: so a line never becomes
 * visible after one with a higher seq, and who follows by cursor misses none.
 *
 * Text is cut to what is stored, and is stored as it is given: mask secrets before (see RunLogger).
 */
export async function appendRunLog(database: Database, runId: string, entries: readonly LogEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map((entry) => ({
    age: entry.age ?? 0,
    level: entry.level,
    step: storedText(entry.step, 100),
    unit: entry.unit ?? null,
    message: storedText(entry.message, LONGEST_MESSAGE),
    fields: storedFields(entry.fields ?? {}),
  }));
  await database.transaction(async (transaction) => {
    await query(transaction, 'SELECT pg_advisory_xact_lock(7302, hashtext(?))', [runId]);
    await query(
      transaction,
      `INSERT INTO run_log (run_id, at, level, step, unit, message, fields)
       SELECT :runId, clock_timestamp() - l.age * interval '1 millisecond', l.level, l.step, l.unit, l.message, l.fields
         FROM ROWS FROM (
                jsonb_to_recordset(:rows)
                AS (age float8, level text, step text, unit integer, message text, fields jsonb)
              ) WITH ORDINALITY AS l (age, level, step, unit, message, fields, place)
        ORDER BY l.place`,
      { runId, rows: JSON.stringify(rows) },
    );
  });
}

/**
 * Reads lines by cursor: forward from the start, or backward from the end, without one.
 * @param filter.level the least severe level to read
 * @param filter.text found in the message or the fields, whatever the case
 * @throws InvalidCursor
 */
export async function readRunLog(
  database: Database,
  runId: string,
  filter: {
    cursor?: string;
    direction?: 'forward' | 'backward';
    limit: number;
    level?: LogLevel;
    step?: string;
    unit?: number;
    text?: string;
  },
): Promise<LogPage> {
  const [from] = decodeCursor(filter.cursor, [DECIMAL]) ?? [];
  const forward = filter.direction !== 'backward';
  const rows = await query<LogLine>(
    database,
    `SELECT seq, at, level, step, unit, message, fields
       FROM run_log
      WHERE run_id = :runId
        AND (:from::bigint IS NULL OR seq ${forward ? '>' : '<'} :from::bigint)
        AND (:levels::text[] IS NULL OR level = ANY (:levels::text[]))
        AND (:step::text IS NULL OR step = :step)
        AND (:unit::integer IS NULL OR unit = :unit)
        AND (:search::text IS NULL OR position(lower(:search) IN lower(message || ' ' || fields)) > 0)
      ORDER BY seq ${forward ? 'ASC' : 'DESC'}
      LIMIT :limit`,
    {
      runId,
      from: from ?? null,
      levels: filter.level === undefined ? null : LOG_LEVELS.slice(LOG_LEVELS.indexOf(filter.level)),
      step: filter.step ?? null,
      unit: filter.unit ?? null,
      search: filter.text === undefined || filter.text === '' ? null : storedText(filter.text, 1_000),
      limit: filter.limit,
    },
  );
  const lines = forward ? rows : rows.reverse();
  const last = lines.at(-1)?.seq ?? (forward ? from : undefined);
  const first = lines.at(0)?.seq;
  const more = forward ? from !== undefined : rows.length === filter.limit;
  return {
    lines,
    ...(last === undefined ? {} : { nextCursor: encodeCursor([last]) }),
    ...(first === undefined || !more ? {} : { previousCursor: encodeCursor([first]) }),
  };
}

/** Fields whose JSON is too large are kept as the start of that JSON, so that a line stays a line. */
function storedFields(fields: Record<string, unknown>): Record<string, unknown> {
  const text = storedJson(fields);
  if (Buffer.byteLength(text) <= LARGEST_FIELDS) return JSON.parse(text) as Record<string, unknown>;
  return { cut: storedText(text, LARGEST_FIELDS / 2) };
}
