import type { ApplicationFailure, RetryPolicy } from '@temporalio/common';

/** What the engine told an attempt of its step. */
interface AttemptInfo {
  attempt: number;
  retryPolicy?: RetryPolicy;
  /** When the first attempt was due; milliseconds since 1970. */
  scheduledTimestampMs: number;
  /** 0 where the step may take for ever. */
  scheduleToCloseTimeoutMs: number;
}

/**
 * When the engine begins the next attempt of a step that leaves with this failure now, if a worker is free then:
 * by the rule that the engine itself goes by. Undefined when there is none, or when the engine did not tell its rule.
 */
export function nextAttemptAt(info: AttemptInfo, failure: ApplicationFailure, now: number): Date | undefined {
  const { attempt, retryPolicy: policy, scheduledTimestampMs, scheduleToCloseTimeoutMs } = info;
  if (policy === undefined || failure.nonRetryable === true) return undefined;
  if (policy.maximumAttempts !== undefined && policy.maximumAttempts > 0 && attempt >= policy.maximumAttempts) {
    return undefined;
  }
  // What the server sends is in milliseconds; text is for those who write a policy.
  const initial = Number(policy.initialInterval ?? 1_000);
  const most = Number(policy.maximumInterval ?? 100 * initial);
  const wait = Math.min(initial * (policy.backoffCoefficient ?? 2) ** (attempt - 1), most);
  const at = now + Number(failure.nextRetryDelay ?? wait);
  if (scheduleToCloseTimeoutMs > 0 && at > scheduledTimestampMs + scheduleToCloseTimeoutMs) return undefined;
  return new Date(at);
}
