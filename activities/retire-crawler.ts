import { ApplicationFailure } from '@temporalio/common';
import { noteOperationFailure } from '../catalog/operations/write-operations.js';
import { closeHoldsOfLeaving } from '../catalog/removals/close-holds.js';
import { fenceLeavingUnits, retireBatch } from '../catalog/retire/retire-batch.js';
import type { Database } from '../db/database.js';
import { toFailure } from './failures.js';

/** Entities taken off the map in one transaction. */
const BATCH = 2_000;

/**
 * Takes all that left a crawler's scope off the map, batch by batch, after fencing whoever collects it. A failure is
 * written to the crawler's operation before it is passed on to be tried again.
 * @param onBatch told after each batch how many entities went with it
 * @returns how many entities went
 */
export async function retireCrawler(
  database: Database,
  crawlerId: string,
  signal: AbortSignal,
  onBatch: (entities: number) => void,
): Promise<number> {
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
  }
}
