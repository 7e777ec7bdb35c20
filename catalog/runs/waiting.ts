import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { RunDetail } from './read-runs.js';

/** Why a run does not go on, or what is still owed after its end. */
export interface Waiting {
  code: string;
  message: string;
  remedy?: string;
  since?: Date | null;
  /** Place among the runs that wait for the same resource group, from 1. */
  position?: number;
  resourceGroup?: string;
  database?: string | null;
  attempt?: number;
  nextAttemptAt?: Date | null;
  /** When the quiet hours end. */
  until?: Date;
  cause?: { code: string; message: string; remedy?: string };
}

/**
 * The place of an open run among those of its resource group in which no database is being collected, the oldest first.
 * Runs, not steps: a run with several free lanes counts once.
 */
export async function placeInGroup(database: Database, run: Pick<RunDetail, 'id'>): Promise<number> {
  const [row] = await query<{ ahead: number }>(
    database,
    `SELECT count(*)::int AS ahead
       FROM crawl_run r
       JOIN crawl_run o ON o.resource_group_id = r.resource_group_id AND o.number < r.number
                       AND o.status IN ('queued', 'running', 'stopping')
      WHERE r.id = ?
        AND NOT EXISTS (SELECT 1 FROM crawl_unit u WHERE u.run_id = o.id AND u.status = 'collecting')`,
    [run.id],
  );
  return (row?.ahead ?? 0) + 1;
}

/** Name of a run's unit. */
export async function databaseOfUnit(database: Database, runId: string, unit: number): Promise<string | null> {
  const [row] = await query<{ name: string }>(
    database,
    'SELECT database_name AS name FROM crawl_unit WHERE run_id = ? AND unit = ?',
    [runId, unit],
  );
  return row?.name ?? null;
}

/** What search still lacks of a run that changed something and has ended; undefined when it lacks nothing. */
export async function searchBehind(database: Database, runId: string): Promise<Waiting | undefined> {
  const [row] = await query<{ since: Date }>(
    database,
    `SELECT ended_at AS since
       FROM crawl_run
      WHERE id = ? AND ended_at IS NOT NULL AND outbox_mark IS NOT NULL AND searchable_at IS NULL`,
    [runId],
  );
  if (row === undefined) return undefined;
  return {
    code: 'INDEX_BEHIND',
    message: 'Search does not show all of this run yet',
    remedy: 'Nothing needs to be done: the index catches up by itself, at the latest a minute after it can be reached.',
    since: row.since,
  };
}
