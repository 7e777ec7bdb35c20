import { setTimeout as delay } from 'node:timers/promises';

/** One running incarnation of a part. */
export interface Incarnation {
  /** Resolves with why, in a few words, when it has ended. Never rejects. */
  ended: Promise<string>;
  /** Asks it to end in its own time. */
  stop(): void;
  /** Ends it at once. */
  kill(): void;
}

/** A part of the stack that has to be running: how it is started, and how patient to be with it. */
export interface Part {
  /** As people call it, e.g. `worker`. */
  name: string;
  start(): Promise<Incarnation>;
  /** Milliseconds between being asked to end and being made to. */
  patience: number;
}

export interface SupervisorOptions {
  say(line: string): void;
  /** Milliseconds before the first, second and following restarts; the last one repeats. */
  backoff?: readonly number[];
  /** A part that has run this long starts again from the first delay. Milliseconds. */
  steadyAfter?: number;
}

export interface Supervised {
  name: string;
  restarts: number;
  /** Ends it for good. Resolves when it has ended. */
  stop(): Promise<void>;
  /** From now on nothing waits: what is being stopped is killed. */
  hasten(): void;
}

const BACKOFF = [500, 1_000, 2_000, 5_000, 10_000, 30_000] as const;

/**
 * Starts a part and starts it again whenever it ends by itself, with growing delays.
 * @throws whatever the first start throws: a stack that cannot come up is not one to keep trying at
 */
export async function supervise(part: Part, options: SupervisorOptions): Promise<Supervised> {
  const backoff = options.backoff ?? BACKOFF;
  const steadyAfter = options.steadyAfter ?? 60_000;
  const stopping = new AbortController();
  const hastened = new AbortController();
  let current: Incarnation | undefined = await part.start();

  const supervised: Supervised = {
    name: part.name,
    restarts: 0,
    hasten: () => hastened.abort(),
    stop: async () => {
      stopping.abort();
      await kept;
    },
  };
  const kept = keep();
  return supervised;

  async function keep(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      if (current !== undefined) {
        const started = Date.now();
        const reason = await Promise.race([current.ended, aborted(stopping.signal)]);
        if (reason === undefined) break;
        current = undefined;
        failures = Date.now() - started >= steadyAfter ? 1 : failures + 1;
        options.say(`The ${part.name} ended (${reason}). It is started again in ${wait(failures)}.`);
      }
      await delay(milliseconds(failures), undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) break;
      try {
        current = await part.start();
        supervised.restarts += 1;
        options.say(`The ${part.name} is running again.`);
      } catch (error) {
        failures += 1;
        const cause = error instanceof Error ? error.message : String(error);
        options.say(`The ${part.name} could not be started: ${cause}. Next try in ${wait(failures)}.`);
      }
    }
    if (current !== undefined) await end(current);
  }

  async function end(incarnation: Incarnation): Promise<void> {
    incarnation.stop();
    const patience = new AbortController();
    const outOfPatience = delay(part.patience, undefined, { signal: patience.signal }).catch(() => undefined);
    const ended = incarnation.ended.then(() => true);
    const inTime = await Promise.race([ended, outOfPatience, aborted(hastened.signal)]);
    patience.abort();
    if (inTime === true) return;
    incarnation.kill();
    await ended;
  }

  function milliseconds(failures: number): number {
    return backoff[Math.min(Math.max(failures, 1), backoff.length) - 1] ?? 0;
  }

  function wait(failures: number): string {
    return `${milliseconds(failures) / 1000} s`;
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
