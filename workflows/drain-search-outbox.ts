import { inBatches, indexing } from './activities.js';

/**
 * What is owed whatever became of the run that should have done it, each minute: databases that left a scope leave the
 * map, and everything in the outbox reaches search.
 */
export async function drainSearchOutbox(): Promise<{ retired: number; drained: number }> {
  const retired = await inBatches('Take databases that left a scope off the map').retireDatabases();
  const drained = await indexing('Bring search up to date').drainOutbox({});
  return { retired, drained };
}
