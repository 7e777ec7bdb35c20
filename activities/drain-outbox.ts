import { setTimeout as delay } from 'node:timers/promises';
import { anyLeaving } from '../catalog/retire/leaving.js';
import { Refusal } from '../db/refusals.js';
import { drainOutbox } from '../search/outbox.js';
import { markSearchable } from '../search/watermark.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { type Liveness, withLiveness } from './liveness.js';
import { loggedStep } from './logged-step.js';

/** Entities read and written in one go. */
const BATCH = 1_000;
/** How often whoever drains beside a removal looks for more. Milliseconds. */
const LOOK_EVERY = 250;

type Request = Parameters<ControlActivities['drainOutbox']>[0];

/** How long somebody waits for search that takes nothing: a run, or an operation. Milliseconds. */
const PATIENCE = 60_000;

/**
 * Makes the activity that empties the outbox, of one crawler or of all, into the search index. Of one crawler, a run or an
 * operation waits for it: it gives up when search takes nothing for a while, because the engine is stuck or busy with
 * others, and leaves the rest to the upkeep of each minute, which goes on as long as there is something.
 */
export function createDrainOutbox(
  context: ActivityContext,
  { patience = PATIENCE } = {},
): ControlActivities['drainOutbox'] {
  const { database, searchIndex } = context;
  let prepared: Promise<void> | undefined;
  // Here and not at boot, so that a worker starts while the search engine is away.
  const prepare = () => {
    prepared ??= searchIndex.prepare().catch((error: unknown) => {
      prepared = undefined;
      throw error;
    });
    return prepared;
  };
  const drain = async (
    { crawlerId, whileLeaving }: Request,
    { signal, checkpoint, previous }: Liveness<{ drained: number }>,
  ) => {
    const idle = crawlerId === undefined ? undefined : new Idleness(patience);
    const until = idle === undefined ? signal : AbortSignal.any([signal, idle.signal]);
    try {
      await orAborted(prepare(), until);
      let drained = previous?.drained ?? 0;
      for (let more = true; more; ) {
        // Asked before draining: what the last batch of a removal owes is drained after that.
        more = whileLeaving === true && crawlerId !== undefined && (await anyLeaving(database, crawlerId));
        for (let remaining = true; remaining; ) {
          until.throwIfAborted();
          const batch = await drainOutbox(database, searchIndex, {
            limit: BATCH,
            signal: until,
            ...(crawlerId === undefined ? {} : { crawlerId }),
          });
          drained += batch.drained;
          remaining = batch.remaining;
          checkpoint({ drained });
          if (batch.drained > 0 || !remaining) idle?.begin();
        }
        if (more) await delay(LOOK_EVERY, undefined, { signal: until });
      }
      await markSearchable(database);
      return drained;
    } catch (error) {
      signal.throwIfAborted();
      if (idle?.signal.aborted === true) throw new SearchBehind(patience);
      throw error;
    } finally {
      idle?.end();
    }
  };
  return ({ runId, ...request }) =>
    runId === undefined
      ? withLiveness<{ drained: number }, number>((liveness) => drain(request, liveness))
      : loggedStep<{ drained: number }, number>(
          context,
          {
            step: 'index',
            runId,
            brief: true,
            otherwise: 'the outbox keeps what is not indexed, and goes on each minute',
          },
          (liveness) => drain(request, liveness),
        );
}

/** Waits for work that goes on by itself, no longer than until the signal aborts. */
async function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let abort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Aborts when nothing begins it anew for a while. */
class Idleness {
  readonly #aborter = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly milliseconds: number) {
    this.begin();
  }

  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  begin(): void {
    this.end();
    this.#timer = setTimeout(() => this.#aborter.abort(), this.milliseconds);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** Search takes nothing; whoever waits goes on without it. */
class SearchBehind extends Refusal {
  readonly code = 'SEARCH_BEHIND';

  constructor(milliseconds: number) {
    super(
      `Search has taken nothing for ${Math.round(milliseconds / 1_000)} s`,
      'Nothing is lost. See whether the search engine works, or is busy with what others have changed.',
    );
  }
}
