import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { OF_WILLING_CRAWLERS } from './queue.js';

/** How far the describing of what a run brought is. Tables that a later run queued again are that one's. */
export interface DescribingOfRun {
  /** Whether its crawler's tables have yet to be looked through for what is to be asked. */
  due: boolean;
  /** Tables. */
  waiting: number;
  done: number;
  failed: { code: string; message: string; remedy: string | null; tables: number }[];
  requests: number;
  /** Requests that failed. */
  failures: number;
  suggestions: number;
  /** Answers about objects that were not kept. */
  refused: number;
  tokens: number;
}

/** Undefined where nothing of the run was, or is, to be described. */
export async function describingOfRun(database: Database, runId: string): Promise<DescribingOfRun | undefined> {
  const [row] = await query<DescribingOfRun & { any: boolean }>(
    database,
    `WITH queued AS (
       SELECT r.status, r.failure FROM description_request r ${OF_WILLING_CRAWLERS} WHERE r.run_id = :runId
     )
     SELECT EXISTS (SELECT FROM description_due WHERE run_id = :runId) AS due,
            (SELECT count(*)::int FROM queued WHERE status = 'waiting') AS waiting,
            (SELECT count(*)::int FROM queued WHERE status = 'done') AS done,
            (SELECT coalesce(jsonb_agg(f ORDER BY f.tables DESC, f.code), '[]')
               FROM (SELECT failure ->> 'code' AS code, min(failure ->> 'message') AS message,
                            min(failure ->> 'remedy') AS remedy, count(*)::int AS tables
                       FROM queued
                      WHERE status = 'failed'
                      GROUP BY failure ->> 'code') f) AS failed,
            coalesce(u.requests, 0) AS requests, coalesce(u.failures, 0) AS failures,
            coalesce(u.suggestions, 0) AS suggestions, coalesce(u.refused, 0) AS refused,
            coalesce(u.tokens, 0)::float8 AS tokens,
            u.run_id IS NOT NULL OR EXISTS (SELECT FROM queued) AS any
       FROM (SELECT 1) one
       LEFT JOIN description_run u ON u.run_id = :runId`,
    { runId },
  );
  if (row === undefined) return undefined;
  const { any, ...describing } = row;
  return any || describing.due ? describing : undefined;
}

/** Counts a request about a table that a run queued. */
export async function countForRun(
  database: Database,
  runId: string,
  of: { tokens: number; failed: boolean; suggestions: number; refused: number },
): Promise<void> {
  await query(
    database,
    `INSERT INTO description_run AS u (run_id, tokens, requests, failures, suggestions, refused)
     SELECT id, :tokens::bigint, 1, :failures::integer, :suggestions::integer, :refused::integer
       FROM crawl_run WHERE id = :runId
     ON CONFLICT (run_id) DO UPDATE
       SET tokens = u.tokens + excluded.tokens, requests = u.requests + 1, failures = u.failures + excluded.failures,
           suggestions = u.suggestions + excluded.suggestions, refused = u.refused + excluded.refused`,
    { runId, tokens: of.tokens, failures: of.failed ? 1 : 0, suggestions: of.suggestions, refused: of.refused },
  );
}
