import { drainOutbox } from '../search/outbox.js';
import { markSearchable } from '../search/watermark.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { type Liveness, withLiveness } from './liveness.js';
import { loggedStep } from './logged-step.js';

/** Entities read and written in one go. */
const BATCH = 1_000;

/** Makes the activity that empties the outbox, of one crawler or of all, into the search index. */
export function createDrainOutbox(context: ActivityContext): ControlActivities['drainOutbox'] {
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
  const drain = async (crawlerId: string | undefined, { signal, checkpoint }: Liveness<{ drained: number }>) => {
    await prepare();
    let drained = 0;
    for (let remaining = true; remaining; ) {
      signal.throwIfAborted();
      const batch = await drainOutbox(database, searchIndex, {
        limit: BATCH,
        signal,
        ...(crawlerId === undefined ? {} : { crawlerId }),
      });
      drained += batch.drained;
      remaining = batch.remaining;
      checkpoint({ drained });
    }
    await markSearchable(database);
    return drained;
  };
  return ({ crawlerId, runId }) =>
    runId === undefined
      ? withLiveness<{ drained: number }, number>((liveness) => drain(crawlerId, liveness))
      : loggedStep<{ drained: number }, number>(
          context,
          {
            step: 'index',
            runId,
            brief: true,
            otherwise: 'the outbox keeps what is not indexed, and goes on each minute',
          },
          (liveness) => drain(crawlerId, liveness),
        );
}
