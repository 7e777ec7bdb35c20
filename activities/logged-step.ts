import { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { type AttemptOfStep, type LastWord, lastWordBefore } from '../catalog/runs/attempts.js';
import { RunLogger } from '../catalog/runs/run-logger.js';
import type { ActivityContext } from './context.js';
import { toFailure } from './failures.js';
import { type Liveness, withLiveness } from './liveness.js';
import { nextAttemptAt } from './next-attempt.js';

/** A step that tells the run's log of itself. */
interface LoggedStep {
  /** The name of the step in the log. */
  step: string;
  runId: string;
  unit?: number;
  /** Attempts that earlier steps of this name on the unit took; the log counts on from them. */
  attemptsBefore?: number;
  /** A step of a moment: a first attempt that succeeds leaves no line of itself. */
  brief?: true;
  /** Of a step that the run can do without: what becomes of its work when it fails for good. */
  otherwise?: string;
}

/** Codes of attempts that found it was not their turn yet. */
const WAITS: ReadonlySet<string> = new Set(['SOURCE_BUSY', 'RUN_THROTTLED']);

/** A step that waits for its turn says so again after as many seconds. */
const STILL_WAITING = 60;

/** Why an attempt was broken off from outside, by the engine's name of the reason. A Stop is told where the run closes. */
const BROKEN_OFF: Record<string, string> = {
  WORKER_SHUTDOWN: 'the worker shuts down, and another attempt goes on from here',
  TIMED_OUT: 'its time was up',
  NOT_FOUND: 'the engine waits for it no longer',
};

/**
 * Runs a step with a heartbeat and with the run's log, which tells of each attempt the worker and how the attempt before
 * ended, and at its failure the cause and when the next one begins. Attempts that only wait for their turn say so once,
 * and again when it is somebody else they wait for, or a minute has passed.
 *
 * A broken-off step leaves as broken off, whatever its connections said while they were torn down. What was not foreseen
 * goes to the worker's log in full.
 * @param work gets the attempt's number as the log and the fence count it
 */
export function loggedStep<C, T>(
  context: ActivityContext,
  { step, runId, unit, attemptsBefore = 0, brief, otherwise }: LoggedStep,
  work: (liveness: Liveness<C>, log: RunLogger) => Promise<T>,
): Promise<T> {
  return withLiveness<C, T>(async (liveness) => {
    const log = new RunLogger(context.database, runId, {
      ...(unit === undefined ? {} : { unit }),
      onError: (err) => context.log.warn({ err, runId, unit }, 'run log could not be written'),
    });
    const attempt = { runId, unit, step, attempt: attemptsBefore + liveness.attempt };
    let last: LastWord | undefined;
    try {
      const again = liveness.attempt > 1;
      if (again) last = await lastWordBefore(context.database, attempt);
      if (again || brief !== true) noteBeginning(context, attempt, again, last, log);
      return await work({ ...liveness, attempt: attempt.attempt }, log);
    } catch (error) {
      throw leavingWith(error, context, attempt, { last, otherwise, signal: liveness.signal, log });
    } finally {
      await log.close();
    }
  });
}

function noteBeginning(
  { worker }: ActivityContext,
  { step, attempt }: AttemptOfStep,
  again: boolean,
  last: LastWord | undefined,
  log: RunLogger,
): void {
  const begins = `Attempt ${attempt} on worker ${worker.id}`;
  const fields = { attempt, worker: worker.id, host: worker.host };
  if (!again) log.info(step, begins, fields);
  else if (last === undefined)
    log.warn(step, `${begins}: no attempt before it could tell how it ended`, { ...fields, after: 'UNKNOWN' });
  else if (last.code === null)
    log.warn(step, `${begins}: worker ${last.worker} went silent during attempt ${last.attempt}`, {
      ...fields,
      after: 'WORKER_LOST',
    });
  else {
    const line = [
      step,
      `${begins}, after ${last.code} on worker ${last.worker}`,
      { ...fields, after: last.code },
    ] as const;
    if (WAITS.has(last.code)) log.lead('info', ...line);
    else log.info(...line);
  }
}

interface Leaving {
  last: LastWord | undefined;
  otherwise: string | undefined;
  signal: AbortSignal;
  log: RunLogger;
}

function leavingWith(
  error: unknown,
  { worker, log: report }: ActivityContext,
  { attempt, step, ...ref }: AttemptOfStep,
  { last, otherwise, signal, log }: Leaving,
): Error {
  const fields = { attempt, worker: worker.id };
  if (signal.aborted && signal.reason instanceof Error) {
    const { message: code } = signal.reason;
    if (code !== 'CANCELLED')
      log.warn(step, `Attempt ${attempt} ends: ${BROKEN_OFF[code] ?? 'the engine ended it'}`, { ...fields, code });
    return signal.reason;
  }
  const { info } = Context.current();
  const failure = toFailure(error, info.attempt);
  if (!(failure instanceof ApplicationFailure)) return failure;
  if (failure.type === 'INTERNAL') report.error({ err: error, ...ref, attempt }, `${step} failed`);
  const told = { code: failure.type, ...(failure.details?.[0] as object | undefined), ...fields };
  const next = nextAttemptAt(info, failure, Date.now());
  if (failure.category === ApplicationFailureCategory.BENIGN) {
    const { message } = failure;
    if (last?.message !== message || last.age >= STILL_WAITING) log.warn(step, message, told);
  } else if (next === undefined && otherwise !== undefined) log.warn(step, `${failure.message}; ${otherwise}`, told);
  else if (next === undefined) log.error(step, failure.message, told);
  else {
    const seconds = Math.round((next.getTime() - Date.now()) / 1_000);
    log.warn(step, `${failure.message}; attempt ${attempt + 1} in ${seconds} s`, {
      ...told,
      nextAttemptAt: next.toISOString(),
    });
  }
  return ofUnit(failure, ref.unit);
}

/** Names the unit in the details: the engine's list of waiting steps says nothing else about which one it is. */
function ofUnit(failure: ApplicationFailure, unit: number | undefined): ApplicationFailure {
  if (unit === undefined) return failure;
  const { message, type, nonRetryable, nextRetryDelay, category } = failure;
  const details = [{ ...(failure.details?.[0] as object | undefined), unit }];
  return new ApplicationFailure(message, type, nonRetryable, details, undefined, nextRetryDelay, category);
}
