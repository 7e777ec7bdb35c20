import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import { ConnectorError } from '../connectors/contract.js';

/**
 * Turns what a step threw into the failure that history keeps: a code as its type, a short message, the remedy as
 * details. Driver errors never pass: they can hold a connection string, and history is read by many.
 */
export function toFailure(error: unknown): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  if (error instanceof ConnectorError) {
    return ApplicationFailure.create({
      type: error.code,
      message: error.message.slice(0, 500),
      nonRetryable: !error.retryable,
      details: [{ remedy: error.remedy }],
    });
  }
  if (error instanceof Error && error.name === 'AbortError') return error;
  if (error instanceof Error && 'code' in error && 'remedy' in error) {
    const permanent = 'permanent' in error && error.permanent === true;
    return ApplicationFailure.create({
      type: String(error.code),
      message: error.message.slice(0, 500),
      nonRetryable: permanent,
      details: [{ remedy: error.remedy }],
    });
  }
  return ApplicationFailure.create({
    type: 'INTERNAL',
    message: "An unexpected error; the worker's log has it in full",
    nonRetryable: false,
  });
}

/**
 * What a step on a unit leaves with. An aborted step leaves as aborted, whatever its connections said while they were
 * torn down; anything else is written to the run's log, and in full to the worker's where it was not foreseen.
 */
export function unitFailure(error: unknown, { signal, log, step, report, ref }: FailedStep): Error {
  if (signal.aborted && signal.reason instanceof Error) return signal.reason;
  const failure = toFailure(error);
  if (failure instanceof ApplicationFailure) {
    if (failure.type === 'INTERNAL') report.error({ err: error, ...ref }, `${step} failed`);
    log.error(step, failure.message, { code: failure.type, ...(failure.details?.[0] as object | undefined) });
    return ofUnit(failure, ref.unit);
  }
  return failure;
}

/** Names the unit in the details: the engine's list of waiting steps says nothing else about which one it is. */
function ofUnit(failure: ApplicationFailure, unit: number | undefined): ApplicationFailure {
  if (unit === undefined) return failure;
  const { message, type, nonRetryable, nextRetryDelay, category } = failure;
  const details = [{ ...(failure.details?.[0] as object | undefined), unit }];
  return new ApplicationFailure(message, type, nonRetryable, details, undefined, nextRetryDelay, category);
}

interface FailedStep {
  signal: AbortSignal;
  log: { error(step: string, message: string, fields?: Record<string, unknown>): void };
  step: string;
  report: Logger;
  ref: { runId: string; unit?: number };
}
