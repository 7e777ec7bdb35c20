import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';

/**
 * Does something at once and then again and again, until stopped. A failure is logged when it first comes and when it
 * is over, not each time.
 * @param work is told by the signal to end early
 * @param interval milliseconds between the end of one and the start of the next
 * @param trouble what is said of a failure
 */
export function repeat(
  work: (signal: AbortSignal) => Promise<void>,
  interval: number,
  log: Logger,
  trouble: string,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const loop = async () => {
    let failing = false;
    while (!stopping.signal.aborted) {
      try {
        await work(stopping.signal);
        if (failing) log.info(`Works again: ${trouble.toLowerCase()}`);
        failing = false;
      } catch (err) {
        if (!failing) log.error({ err }, `${trouble}; trying again every ${interval / 1_000} s`);
        failing = true;
      }
      await delay(interval, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const running = loop();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
