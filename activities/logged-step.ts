import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { type AttemptOfStep, lastWordOf } from '../catalog/runs/attempts.js';
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
}

/** Why an attempt was broken off from outside, by the engine's name of the reason. A Stop is told where the run closes. */
const BROKEN_OFF: Record<string, string> = {
  WORKER_SHUTDOWN: 'the worker shuts down, and another attempt goes on from here',
  TIMED_OUT: 'its time was up',
  NOT_FOUND: 'the engine waits for it no longer',
};

/**
 * Runs a step with a heartbeat and with the run's log, which tells of each attempt the worker and how the attempt before
 * ended, and at its failure the cause and when the next one begins.
 *
 * A broken-off step leaves as broken off, whatever its connections said while they were torn down. What was not foreseen
 * goes to the worker's log in full.
 * @param work gets the attempt's number as the log and the fence count it
 */
export function loggedStep<C, T>(
  context: ActivityContext,
  { step, runId, unit, attemptsBefore = 0 }: LoggedStep,
  work: (liveness: Liveness<C>, log: RunLogger) => Promise<T>,
): Promise<T> {
  return withLiveness<C, T>(async (liveness) => {
    const log = new RunLogger(context.database, runId, {
      ...(unit === undefined ? {} : { unit }),
      onError: (err) => context.log.warn({ err, runId, unit }, 'run log could not be written'),
    });
    const attempt = { runId, unit, step, attempt: attemptsBefore + liveness.attempt };
    try {
      await noteBeginning(context, attempt, liveness.attempt > 1, log);
      return await work({ ...liveness, attempt: attempt.attempt }, log);
    } catch (error) {
      throw leavingWith(error, context, attempt, liveness.signal, log);
    } finally {
      await log.close();
    }
  });
}

async function noteBeginning(
  { database, worker }: ActivityContext,
  { attempt, ...of }: AttemptOfStep,
  again: boolean,
  log: RunLogger,
): Promise<void> {
  const last = again ? await lastWordOf(database, { ...of, attempt: attempt - 1 }) : undefined;
  const begins = `Attempt ${attempt} on worker ${worker.id}`;
  const fields = { attempt, worker: worker.id, host: worker.host };
  if (last === undefined) log.info(of.step, begins, fields);
  else if (last.code === null)
    log.warn(of.step, `${begins}: worker ${last.worker} went silent during attempt ${attempt - 1}`, {
      ...fields,
      after: 'WORKER_LOST',
    });
  else log.info(of.step, `${begins}, after ${last.code} on worker ${last.worker}`, { ...fields, after: last.code });
}

function leavingWith(
  error: unknown,
  { worker, log: report }: ActivityContext,
  { attempt, step, ...ref }: AttemptOfStep,
  signal: AbortSignal,
  log: RunLogger,
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
  if (next === undefined) log.error(step, failure.message, told);
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
