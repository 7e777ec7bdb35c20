import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { RunThrottled, SourceBusy } from '../catalog/governor/errors.js';
import { storedText } from '../catalog/model/stored-text.js';
import { ConnectorError } from '../connectors/contract.js';
import type { FailureSummary } from '../workflows/contract.js';

/** When a step that found no free connection to its source, or no lane of its run, tries again. */
export const BUSY_RETRY_MS = 4_000;

/** Of a message or a remedy in history, in bytes; rows keep more. */
const LONGEST_TEXT = 1_000;

/** Attempts that a defect of our own gets: it may be a race, but it must not keep a run open for a day. */
const DEFECT_ATTEMPTS = 5;

/**
 * Turns what a step threw into the failure that history keeps: a code as its type, a short message, the remedy as
 * details. Driver errors never pass: they can hold a connection string, and history is read by many.
 * @param attempt of the step, from 1: a defect of our own is not tried for ever
 */
export function toFailure(error: unknown, attempt = 1): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  if (error instanceof ConnectorError) {
    return ApplicationFailure.create({
      type: error.code,
      message: brief(error.message),
      nonRetryable: !error.retryable,
      details: remedied(error.remedy),
    });
  }
  if (error instanceof Error && error.name === 'AbortError') return error;
  if (error instanceof SourceBusy || error instanceof RunThrottled) {
    return ApplicationFailure.create({
      type: error.code,
      message: brief(error.message),
      details: remedied(error.remedy),
      // Nothing is wrong: it is its turn later.
      category: ApplicationFailureCategory.BENIGN,
      nextRetryDelay: BUSY_RETRY_MS,
    });
  }
  if (error instanceof Error && 'code' in error && 'remedy' in error) {
    const permanent = 'permanent' in error && error.permanent === true;
    return ApplicationFailure.create({
      type: String(error.code),
      message: brief(error.message),
      nonRetryable: permanent,
      details: remedied(error.remedy),
    });
  }
  if (isAway(error)) {
    return ApplicationFailure.create({
      type: 'DATABASE_UNAVAILABLE',
      message: "Datamap's own database cannot be reached; this is tried again until it can",
      details: [{ remedy: 'Check that PostgreSQL is running and that DATABASE_URL names it.' }],
    });
  }
  if (isDefect(error) && attempt >= DEFECT_ATTEMPTS) {
    return ApplicationFailure.create({
      type: 'INTERNAL',
      message: `An error of our own, ${DEFECT_ATTEMPTS} times in a row; the worker's log has it in full`,
      nonRetryable: true,
      details: [{ remedy: "Report it with the lines of the worker's log around this time." }],
    });
  }
  return ApplicationFailure.create({
    type: 'INTERNAL',
    message: "An unexpected error; the worker's log has it in full",
    nonRetryable: false,
  });
}

/** What a source said of a failure, as much of it as history may keep: a driver's message may quote megabytes. */
export function briefly<F extends FailureSummary>(failure: F): F {
  const { message, remedy } = failure;
  return { ...failure, message: brief(message), ...(remedy === undefined ? {} : { remedy: brief(remedy) }) };
}

const brief = (text: string): string => storedText(text, LONGEST_TEXT);

const remedied = (remedy: unknown) => (typeof remedy === 'string' ? [{ remedy: brief(remedy) }] : []);

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

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
