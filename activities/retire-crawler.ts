import { ApplicationFailure } from '@temporalio/common';
import { noteOperationFailure } from '../catalog/operations/write-operations.js';
import { closeHoldsOfLeaving } from '../catalog/removals/close-holds.js';
import { fenceLeavingUnits, retireBatch } from '../catalog/retire/retire-batch.js';
import type { ActivityContext } from './context.js';
import { drainAlongside } from './drain-alongside.js';
import type { DrainBatch } from './drain-batch.js';
import { toFailure } from './failures.js';

/** Entities taken off the map in one transaction. */
const BATCH = 2_000;

/**
 * Takes all that left a crawler's scope off the map, batch by batch, after fencing whoever collects it, and out of search
 * beside it as far as that comes meanwhile. A failure is written to the crawler's operation before it is passed on to be
 * tried again; one of search is left to whoever drains next.
 * @param onBatch told after each batch how many entities went with it
 * @returns how many entities went
 */
export async function retireCrawler(
  { database, log }: Pick<ActivityContext, 'database' | 'log'>,
  drainBatch: DrainBatch,
  { crawlerId, signal, onBatch }: { crawlerId: string; signal: AbortSignal; onBatch: (entities: number) => void },
): Promise<number> {
  const search = drainAlongside(
    () => drainBatch({ signal, crawlerId }),
    (error) => log.warn({ err: error, crawlerId }, 'Search will hear later of what leaves the map'),
  );
  try {
    await fenceLeavingUnits(database, crawlerId);
    // Whoever was publishing when the scope was narrowed may have held something since.
    await closeHoldsOfLeaving(database, crawlerId);
    let retired = 0;
    for (let batch = BATCH; batch >= BATCH; ) {
      signal.throwIfAborted();
      batch = await retireBatch(database, crawlerId, BATCH);
      retired += batch;
      onBatch(batch);
      search.more();
    }
    return retired;
  } catch (error) {
    const failure = toFailure(error);
    if (failure instanceof ApplicationFailure)
      await noteOperationFailure(database, crawlerId, {
        code: failure.type ?? 'INTERNAL',
        message: failure.message,
      }).catch(() => undefined);
    throw error;
  } finally {
    await search.end();
  }
}
