import { storedText } from '../model/stored-text.js';
import { createRedactor } from './redact.js';
import type { Failure } from './run-state.js';

const redact = createRedactor();

/** A failure as rows keep it: without what looks like a secret, and of bounded size. */
export function storedFailure(failure: Failure): Failure {
  return {
    code: storedText(failure.code, 100),
    message: storedText(redact.text(failure.message), 2_000),
    ...(failure.remedy === undefined ? {} : { remedy: storedText(redact.text(failure.remedy), 2_000) }),
  };
}
