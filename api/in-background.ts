import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';

interface Options {
  /** For the log, when it fails: e.g. `The search index cannot be prepared`. */
  what: string;
  /** Milliseconds between two tries or rounds. */
  every: number;
  log: Logger;
  /** Aborting ends it after the round under way. */
  signal: AbortSignal;
}

/** Tries until it succeeds. The log has the first failure, and the success after it. */
export async function untilDone(work: () => Promise<unknown>, options: Options): Promise<void> {
  let failed = false;
  while (!options.signal.aborted) {
    failed = await attempt(work, options, failed);
    if (!failed) return;
    await pause(options);
  }
}

/** Works again and again. The log has the first failure of a row, and the success after it. */
export async function repeatedly(work: () => Promise<unknown>, options: Options): Promise<void> {
  let failed = false;
  while (!options.signal.aborted) {
    failed = await attempt(work, options, failed);
    await pause(options);
  }
}

async function attempt(work: () => Promise<unknown>, { what, log }: Options, failedBefore: boolean): Promise<boolean> {
  try {
    await work();
    if (failedBefore) log.info(`Over: ${what}`);
    return false;
  } catch (error) {
    if (!failedBefore) log.error({ err: error }, `${what}; this is tried again`);
    return true;
  }
}

async function pause({ every, signal }: Options): Promise<void> {
  await delay(every, undefined, { signal }).catch(() => undefined);
}
