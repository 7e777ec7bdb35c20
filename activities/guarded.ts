import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import { toFailure } from './failures.js';

/**
 * When a step of a worker that is told to end may go on elsewhere. Left to the step's own waits, which double with each
 * attempt, a run that meets ten deploys would rest for most of an hour.
 */
const HANDED_BACK_FOR = '1s';

/** Attempts that a defect of our own gets: it may be a race, but it must not keep a run open for a day. */
const DEFECT_ATTEMPTS = 5;

type Activities = { [name: string]: (...args: never[]) => Promise<unknown> };

/**
 * The one way out of every activity: what it throws becomes a failure that history may keep, and what was not foreseen
 * goes to the worker's log in full, since history has only its name.
 */
export function guarded<A extends object>(activities: A & { [K in keyof A]: Activities[string] }, log: Logger): A {
  const entries = Object.entries<Activities[string]>(activities).map(([name, activity]) => [
    name,
    async (...args: never[]) => {
      try {
        return await activity(...args);
      } catch (error) {
        throw leavingWith(error, name, log);
      }
    },
  ]);
  return Object.fromEntries(entries) as A;
}

function leavingWith(error: unknown, activity: string, log: Logger): Error {
  const { info, cancellationSignal, cancellationDetails } = Context.current();
  if (cancellationDetails?.workerShutdown === true && !cancellationDetails.cancelRequested) return handedBack();
  // What connections say while they are torn down is no news; the server is told of the stop or the shutdown.
  if (cancellationSignal.aborted && cancellationSignal.reason instanceof CancelledFailure)
    return cancellationSignal.reason;
  if (isDefect(error) && info.attempt >= DEFECT_ATTEMPTS) {
    log.error({ err: error, activity, attempt: info.attempt }, 'A step failed for good with an error of our own');
    return ApplicationFailure.create({
      type: 'INTERNAL',
      message: `An error of our own, ${DEFECT_ATTEMPTS} times in a row; the worker's log has it in full`,
      nonRetryable: true,
      details: [{ remedy: "Report it with the lines of the worker's log around this time." }],
    });
  }
  const failure = isAway(error) ? databaseAway() : toFailure(error);
  if (failure instanceof ApplicationFailure && failure.type === 'INTERNAL' && failure !== error)
    log.error({ err: error, activity, attempt: info.attempt }, 'A step failed unexpectedly');
  return failure;
}

function handedBack(): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'WORKER_ENDED',
    message: 'The worker was told to end, and gave the step back',
    nextRetryDelay: HANDED_BACK_FOR,
    details: [{ remedy: 'Nothing needs to be done: another worker goes on where this one was.' }],
  });
}

/** An error in the program or in a statement, which comes again however often the step is repeated. */
function isDefect(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) return true;
  // SQLSTATE classes: 22 data exception, 23 integrity constraint, 42 syntax or access rule.
  return /^(22|23|42)[0-9A-Z]{3}$/.test(codeOf(error));
}

/** Our own database: connectors and the search index have errors of their own for theirs. */
function isAway(error: unknown): boolean {
  if (error instanceof Error && error.name === 'KnexTimeoutError') return true;
  return /^(08...|53...|57P0[1-3]|ECONNREFUSED|ECONNRESET|ENOTFOUND|ETIMEDOUT)$/.test(codeOf(error));
}

function databaseAway(): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'DATABASE_UNAVAILABLE',
    message: "Datamap's own database cannot be reached; this is tried again until it can",
    details: [{ remedy: 'Check that PostgreSQL is running and that DATABASE_URL names it.' }],
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && !('remedy' in error) && typeof error.code === 'string'
    ? error.code
    : '';
}
