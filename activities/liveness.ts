import { Context } from '@temporalio/activity';

export interface Liveness<C> {
  /** Aborts on Stop, on worker shutdown and when the server no longer knows this attempt. */
  signal: AbortSignal;
  /** Sent with the next heartbeats; under 1 KB. */
  checkpoint(details: C): void;
  /** What an earlier attempt sent last. */
  previous: C | undefined;
  attempt: number;
}

/**
 * Runs `work` with a heartbeat every half second. The server tells an activity of a Stop only in its answer to a
 * heartbeat, so an activity without one never hears it; and a heartbeat alone does not throw, the signal does.
 */
export async function withLiveness<C, T>(work: (liveness: Liveness<C>) => Promise<T>): Promise<T> {
  const context = Context.current();
  let latest: C | undefined = context.info.heartbeatDetails as C | undefined;
  const beat = () => context.heartbeat(latest);
  beat();
  const timer = setInterval(beat, 500);
  try {
    return await work({
      signal: context.cancellationSignal,
      checkpoint: (details) => {
        latest = details;
      },
      previous: latest,
      attempt: context.info.attempt,
    });
  } finally {
    clearInterval(timer);
  }
}
