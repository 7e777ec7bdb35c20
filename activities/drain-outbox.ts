import { markSearchable } from '../search/watermark.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { createDrainBatch } from './drain-batch.js';
import { type Liveness, withLiveness } from './liveness.js';
import { loggedStep } from './logged-step.js';

/** Makes the activity that empties the outbox, of one crawler or of all, into the search index. */
export function createDrainOutbox(context: ActivityContext): ControlActivities['drainOutbox'] {
  const drainBatch = createDrainBatch(context);
  const drain = async (crawlerId: string | undefined, { signal, checkpoint }: Liveness<{ drained: number }>) => {
    let drained = 0;
    for (let remaining = true; remaining; ) {
      const batch = await drainBatch({ signal, crawlerId });
      drained += batch.drained;
      remaining = batch.remaining;
      checkpoint({ drained });
    }
    await markSearchable(context.database);
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
