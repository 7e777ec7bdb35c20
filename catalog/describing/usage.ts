import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** What was asked on a day of UTC. */
export interface UsageOfDay {
  /** e.g. `2026-01-31` */
  day: string;
  /** With those that requests under way may take. */
  tokens: number;
  requests: number;
  failures: number;
  suggestions: number;
  /** Answers that were refused, object by object, by the reason. */
  refused: Record<string, number>;
}

const TODAY = `(now() AT TIME ZONE 'UTC')::date`;

export async function usageOfToday(database: Database): Promise<UsageOfDay> {
  const [row] = await query<UsageOfDay>(
    database,
    `SELECT to_char(today.day, 'YYYY-MM-DD') AS day, coalesce(u.tokens, 0)::float8 AS tokens,
            coalesce(u.requests, 0) AS requests, coalesce(u.failures, 0) AS failures,
            coalesce(u.suggestions, 0) AS suggestions, coalesce(u.refused, '{}') AS refused
       FROM (SELECT ${TODAY} AS day) today
       LEFT JOIN description_usage u ON u.day = today.day`,
  );
  if (row === undefined) throw new Error('There is no today');
  return row;
}

/**
 * Counts the most that a request may take, before it is made: who dies while it is under way leaves it counted, since the
 * endpoint counted it too.
 * @returns the day that it is counted on; undefined where the day has not as many left
 */
export async function reserveTokens(
  database: Database,
  tokens: number,
  tokensPerDay: number | null,
): Promise<string | undefined> {
  const [row] = await query<{ day: string }>(
    database,
    `INSERT INTO description_usage AS u (day, tokens, requests)
     SELECT ${TODAY}, :tokens::bigint, 1
      WHERE :most::bigint IS NULL OR :tokens::bigint <= :most::bigint
     ON CONFLICT (day) DO UPDATE
       SET tokens = u.tokens + excluded.tokens, requests = u.requests + 1
     WHERE :most::bigint IS NULL OR u.tokens + excluded.tokens <= :most::bigint
     RETURNING to_char(day, 'YYYY-MM-DD') AS day`,
    { tokens, most: tokensPerDay },
  );
  return row?.day;
}

/** Puts right what was reserved: by what it really took, or by nothing where the endpoint refused. */
export async function settleTokens(
  database: Database,
  { day, reserved, taken, failed }: { day: string; reserved: number; taken: number; failed: boolean },
): Promise<void> {
  await query(
    database,
    `UPDATE description_usage
        SET tokens = greatest(0, tokens + :difference::bigint), failures = failures + :failures::integer
      WHERE day = :day::date`,
    { day, difference: taken - reserved, failures: failed ? 1 : 0 },
  );
}

/** Counts what came of an answer. */
export async function countAnswer(
  database: Database,
  day: string,
  { suggestions, refused }: { suggestions: number; refused: readonly string[] },
): Promise<void> {
  await query(
    database,
    `UPDATE description_usage u
        SET suggestions = suggestions + :suggestions::integer,
            refused = u.refused || coalesce((
              SELECT jsonb_object_agg(because, coalesce((u.refused ->> because)::integer, 0) + times)
                FROM (SELECT because, count(*) AS times
                        FROM unnest(:refused::text[]) AS r (because)
                       GROUP BY because) counted), '{}')
      WHERE day = :day::date`,
    { day, suggestions, refused: [...refused] },
  );
}
