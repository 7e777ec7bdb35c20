import { setTimeout as wait } from 'node:timers/promises';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** A limit of statements a second that several processes share. */
export interface SharedRate {
  /** What it is of: a server, or a run. */
  key: string;
  /** The run it is of, with which its row goes. */
  runId?: string;
  perSecond: number;
}

/**
 * Waits until a statement may be sent under each of the rates. Without any, nothing is asked.
 *
 * Each caller takes the next free place on the time line that PostgreSQL keeps for the rate, and waits for it; so the
 * statements of all workers are evenly spaced, by one clock.
 * @throws the signal's reason
 */
export async function awaitTurn(database: Database, rates: readonly SharedRate[], signal: AbortSignal): Promise<void> {
  if (rates.length === 0) return;
  const waits = await Promise.all(rates.map((rate) => takePlace(database, rate)));
  const longest = Math.max(...waits);
  if (longest <= 0) return;
  await wait(longest, undefined, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw error;
  });
}

/** Milliseconds until the place that was taken. */
async function takePlace(database: Database, { key, runId, perSecond }: SharedRate): Promise<number> {
  const [row] = await query<{ milliseconds: number }>(
    database,
    `INSERT INTO source_pace AS p (key, run_id, next_at)
     VALUES (:key, :runId::uuid, clock_timestamp() + make_interval(secs => :gap))
     ON CONFLICT (key) DO UPDATE
       SET next_at = greatest(p.next_at, clock_timestamp()) + make_interval(secs => :gap)
     RETURNING (extract(epoch FROM next_at - clock_timestamp()) - :gap::float8)::float8 * 1000 AS milliseconds`,
    { key, runId: runId ?? null, gap: 1 / perSecond },
  );
  return row?.milliseconds ?? 0;
}
