import { CHECK_STEPS, type CheckOptions, type CheckStep, type CheckStepId, ConnectorError } from './contract.js';

/** What a step that went well has to say. `warning` marks it as passed with something to look into. */
export interface StepResult<T> {
  value: T;
  message?: string;
  detail?: Record<string, unknown>;
  warning?: { code: string; remedy: string };
}

/** How a step explains what went wrong in words of its own. */
export interface StepFailures {
  /** For what `run` threw, unless that was a ConnectorError already. */
  describe?(error: unknown): ConnectorError;
  /** For a step that reached its limit. */
  timeout?: ConnectorError;
}

/** Steps that go through many objects get six times the limit of the others. */
const SLOW_STEPS: ReadonlySet<CheckStepId> = new Set(['list_databases', 'check_privileges', 'read_sample']);
const SLOW_FACTOR = 6;
const DEFAULT_STEP_TIMEOUT = 10_000;

/**
 * Runs one step of a connection test: yields it as running, then as it ended, with its duration in milliseconds.
 * Returns the step's value, or undefined when it failed; a failure is yielded, never thrown. `run` gets a signal that
 * aborts at the step's limit and when the test is cancelled; the step ends then even if `run` does not.
 */
export async function* checkStep<T>(
  id: CheckStepId,
  options: CheckOptions,
  run: (signal: AbortSignal) => Promise<StepResult<T>>,
  failures: StepFailures = {},
): AsyncGenerator<CheckStep, T | undefined, void> {
  yield { id, state: 'running' };
  const limit = (options.stepTimeout ?? DEFAULT_STEP_TIMEOUT) * (SLOW_STEPS.has(id) ? SLOW_FACTOR : 1);
  const timeout = AbortSignal.timeout(limit);
  const signal = AbortSignal.any([options.signal, timeout]);
  const started = performance.now();
  const ended = () => ({ id, duration: Math.round(performance.now() - started) });
  try {
    const { value, message, detail, warning } = await unlessAborted(run(signal), signal);
    yield {
      ...ended(),
      state: warning === undefined ? 'passed' : 'warning',
      ...(message === undefined ? {} : { message }),
      ...(detail === undefined ? {} : { detail }),
      ...warning,
    };
    return value;
  } catch (error) {
    const failure = options.signal.aborted
      ? { code: 'CANCELLED', message: 'The test was cancelled', remedy: 'Start it again when you want to' }
      : explain(error, timeout, limit, failures);
    const { code, message, remedy } = failure;
    yield { ...ended(), state: 'failed', code, message, remedy };
    return undefined;
  }
}

/**
 * Passes the steps of a test on until one fails, and then says of each later one that it was skipped. The steps'
 * generator is closed at the failure, so that its `finally` blocks let go of connections.
 */
export async function* endingAtFirstFailure(steps: AsyncIterable<CheckStep>): AsyncGenerator<CheckStep, void, void> {
  for await (const step of steps) {
    yield step;
    if (step.state !== 'failed') continue;
    for (const id of CHECK_STEPS.slice(CHECK_STEPS.indexOf(step.id) + 1)) yield { id, state: 'skipped' };
    return;
  }
}

function explain(
  error: unknown,
  timeout: AbortSignal,
  limit: number,
  failures: StepFailures,
): { code: string; message: string; remedy: string } {
  if (error instanceof ConnectorError) return error;
  if (timeout.aborted && failures.timeout !== undefined) return failures.timeout;
  if (timeout.aborted)
    return {
      code: 'STEP_TIMEOUT',
      message: `No answer within ${limit / 1000} s`,
      remedy: 'See whether the server is overloaded or the network loses packets; allow more time per step',
    };
  if (failures.describe !== undefined) return failures.describe(error);
  return {
    code: 'SOURCE_ERROR',
    message: 'The step failed for a reason that the connector does not know',
    remedy: "See the worker's log",
  };
}

/** Settles as `work` does, or rejects when the signal aborts first. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
