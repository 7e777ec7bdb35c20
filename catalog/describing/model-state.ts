import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { Failure } from '../runs/run-state.js';
import { storedFailure } from '../runs/stored-failure.js';

/** The first wait after a failure; each one after it in a row is twice as long. Milliseconds. */
const FIRST_WAIT = 5_000;
const LONGEST_WAIT = 3_600_000;

export type WaitsFor = 'budget' | 'retry';

/** How the asking stands. */
export interface ModelState {
  enabled: boolean;
  configured: boolean;
  paused: boolean;
  /** What only a person can mend. */
  stoppedBecause: (Failure & { at: string }) | null;
  lastFailure: (Failure & { at: string }) | null;
  waitsFor: WaitsFor | null;
  waitsUntil: Date | null;
  trial: Trial | null;
}

/** One question to try the settings out. */
export interface Trial {
  id: string;
  status: 'waiting' | 'succeeded' | 'failed';
  startedAt: string;
  model: string;
  /** How long the answer took, in milliseconds. */
  tookMs?: number;
  tokens?: number;
  /** What the model said of a made-up table. */
  description?: string;
  failure?: Failure;
}

export async function readModelState(database: Database): Promise<ModelState> {
  const [row] = await query<ModelState>(
    database,
    `SELECT enabled, url IS NOT NULL AND model IS NOT NULL AS configured, paused,
            stopped_because AS "stoppedBecause", last_failure AS "lastFailure",
            CASE WHEN waits_until > now() THEN waits_for END AS "waitsFor",
            CASE WHEN waits_until > now() THEN waits_until END AS "waitsUntil", trial
       FROM description_model`,
  );
  if (row === undefined) throw new Error('The row of the description model is gone');
  return row;
}

/** Whether anything may be asked at all; it may still have to wait. */
export const mayAsk = ({ enabled, configured, paused, stoppedBecause }: ModelState): boolean =>
  enabled && configured && !paused && stoppedBecause === null;

/** In one word. @param busy whether there is anything to ask */
export function stateOfModel({ configured, enabled, paused, stoppedBecause, waitsFor }: ModelState, busy: boolean) {
  if (!configured) return 'unconfigured' as const;
  if (!enabled) return 'off' as const;
  if (paused) return 'paused' as const;
  if (stoppedBecause !== null) return 'stopped' as const;
  if (waitsFor === 'budget') return 'waiting-for-budget' as const;
  if (waitsFor === 'retry') return 'waiting-to-retry' as const;
  return busy ? ('working' as const) : ('idle' as const);
}

/** @returns whether that is new */
export async function setModelPaused(database: Database, paused: boolean): Promise<boolean> {
  const changed = await query(
    database,
    'UPDATE description_model SET paused = :paused WHERE paused <> :paused RETURNING 1',
    { paused },
  );
  return changed.length > 0;
}

/** Forgets what stopped it and what it waits for, and has tables that were given up asked about again. */
export async function beginAgain(database: Database): Promise<void> {
  await database.transaction(async (transaction) => {
    await query(
      transaction,
      `UPDATE description_model
          SET paused = false, stopped_because = NULL, failures_in_a_row = 0, waits_for = NULL, waits_until = NULL,
              next_request_at = now()`,
    );
    await query(
      transaction,
      `UPDATE description_request
          SET status = 'waiting', attempts = 0, failure = NULL, not_before = now()
        WHERE status = 'failed'`,
    );
    await query(
      transaction,
      `UPDATE description_request SET not_before = now() WHERE status = 'waiting' AND not_before > now()`,
    );
  });
}

/**
 * Takes the next place in the pace of requests; over all workers, since it stands in the row.
 * @param version of the settings that the asker goes by
 * @returns milliseconds until it; undefined where nothing may be asked any more, or the settings have changed
 */
export async function takeTurn(database: Database, version: number): Promise<number | undefined> {
  const [row] = await query<{ ms: number }>(
    database,
    `UPDATE description_model
        SET next_request_at = greatest(now(), next_request_at) + interval '60 seconds' / requests_per_minute
      WHERE version = ? AND enabled AND NOT paused AND stopped_because IS NULL
        AND (waits_until IS NULL OR waits_until <= now())
      RETURNING greatest(0, extract(epoch FROM next_request_at - interval '60 seconds' / requests_per_minute - now()) * 1000)::float8 AS ms`,
    [version],
  );
  return row?.ms;
}

/**
 * Notes that the model answered, and how it takes requests. A wait that has begun since stays: the answer is of a request
 * that was under way then.
 */
export async function noteAnswered(database: Database, dialect: object): Promise<void> {
  await query(
    database,
    `UPDATE description_model
        SET failures_in_a_row = CASE WHEN waits_until > now() THEN failures_in_a_row ELSE 0 END,
            waits_for = CASE WHEN waits_until > now() THEN waits_for END,
            waits_until = CASE WHEN waits_until > now() THEN waits_until END,
            dialect = :dialect::jsonb
      WHERE failures_in_a_row > 0 OR waits_until IS NOT NULL OR dialect <> :dialect::jsonb`,
    { dialect: JSON.stringify(dialect) },
  );
}

/** Keeps the failure as the last one. One that only a person can mend stops everything; else the next request waits. */
export async function noteModelFailure(
  database: Database,
  failure: Failure,
  consequence: { kind: 'stop' } | { kind: 'later'; afterMs?: number } | { kind: 'table' },
): Promise<void> {
  const kept = JSON.stringify({ ...storedFailure(failure), at: new Date().toISOString() });
  await query(
    database,
    `UPDATE description_model
        SET last_failure = :kept,
            stopped_because = CASE WHEN :stops THEN :kept::jsonb ELSE stopped_because END,
            failures_in_a_row = failures_in_a_row + CASE WHEN :waits THEN 1 ELSE 0 END,
            waits_for = CASE WHEN :waits THEN 'retry' ELSE waits_for END,
            waits_until = CASE
              WHEN NOT :waits THEN waits_until
              ELSE greatest(waits_until, now() + interval '1 millisecond' * coalesce(
                     :afterMs::float8, least(:longest::float8, :first::float8 * 2 ^ least(failures_in_a_row, 20))))
            END`,
    {
      kept,
      stops: consequence.kind === 'stop',
      waits: consequence.kind === 'later',
      afterMs: consequence.kind === 'later' ? (consequence.afterMs ?? null) : null,
      first: FIRST_WAIT,
      longest: LONGEST_WAIT,
    },
  );
}

/** The tokens of the day are spent: nothing is asked until the next one begins. */
export async function waitForBudget(database: Database): Promise<void> {
  await query(
    database,
    `UPDATE description_model
        SET waits_for = 'budget',
            waits_until = (date_trunc('day', now() AT TIME ZONE 'UTC') + interval '1 day') AT TIME ZONE 'UTC'`,
  );
}

export async function beginTrial(database: Database, trial: Trial): Promise<void> {
  await query(database, 'UPDATE description_model SET trial = ?', [JSON.stringify(trial)]);
}

/** Keeps what became of a trial, unless another one has begun since. */
export async function endTrial(
  database: Database,
  id: string,
  outcome: Omit<Trial, 'id' | 'startedAt' | 'model'>,
): Promise<void> {
  await query(
    database,
    `UPDATE description_model SET trial = trial || :outcome::jsonb WHERE trial ->> 'id' = :id AND trial ->> 'status' = 'waiting'`,
    {
      id,
      outcome: JSON.stringify(
        outcome.failure === undefined ? outcome : { ...outcome, failure: storedFailure(outcome.failure) },
      ),
    },
  );
}
