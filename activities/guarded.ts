import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import { toFailure } from './failures.js';

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
  const { info, cancellationSignal } = Context.current();
  // What connections say while they are torn down is no news; the server is told of the stop or the shutdown.
  if (cancellationSignal.aborted && cancellationSignal.reason instanceof CancelledFailure)
    return cancellationSignal.reason;
  const failure = toFailure(error, info.attempt);
  if (failure instanceof ApplicationFailure && failure.type === 'INTERNAL' && failure !== error) {
    const how = failure.nonRetryable === true ? 'for good with an error of our own' : 'unexpectedly';
    log.error({ err: error, activity, attempt: info.attempt }, `A step failed ${how}`);
  }
  return failure;
}
