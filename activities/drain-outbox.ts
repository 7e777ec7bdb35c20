import { drainOutbox } from '../search/outbox.js';
import { markSearchable } from '../search/watermark.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { withLiveness } from './liveness.js';

/** Entities read and written in one go. */
const BATCH = 1_000;

/** Makes the activity that empties the outbox, of one crawler or of all, into the search index. */
export function createDrainOutbox({ database, searchIndex }: ActivityContext): ControlActivities['drainOutbox'] {
  let prepared: Promise<void> | undefined;
  // Here and not at boot, so that a worker starts while the search engine is away.
  const prepare = () => {
    prepared ??= searchIndex.prepare().catch((error: unknown) => {
      prepared = undefined;
      throw error;
    });
    return prepared;
  };
  return ({ crawlerId }) =>
    withLiveness<{ drained: number }, number>(async ({ signal, checkpoint }) => {
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
    });
}
