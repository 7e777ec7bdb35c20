import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Orchestrator, ScheduledCrawler } from './port.js';

const INTERVAL = 60_000;

/**
 * Reconciles schedules at once and then every minute, until stopped. A server that is away is said once when it goes
 * and once when it is back.
 * @param options.load reads all crawlers that are not being deleted
 */
export function keepSchedules(options: {
  orchestrator: Orchestrator;
  load: () => Promise<readonly ScheduledCrawler[]>;
  log: Logger;
  /** Milliseconds. */
  interval?: number;
}): { stop(): Promise<void> } {
  const { orchestrator, load, log, interval = INTERVAL } = options;
  const stopping = new AbortController();
  const round = async (failing: boolean): Promise<boolean> => {
    try {
      const report = await orchestrator.reconcile(load);
      if (failing) log.info('Schedules are kept up to date again');
      if (Object.values(report).some((ids) => ids.length > 0)) log.info(report, 'Schedules were put right');
      return false;
    } catch (error) {
      if (!failing)
        log.error({ err: error }, 'Schedules could not be kept up to date; this is tried again each minute');
      return true;
    }
  };
  const loop = async () => {
    let failing = false;
    while (!stopping.signal.aborted) {
      failing = await round(failing);
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
