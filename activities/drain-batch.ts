import { drainOutbox } from '../search/outbox.js';
import type { ActivityContext } from './context.js';

/** Entities read and written in one go. */
const BATCH = 1_000;

/** Brings search up to date with one batch of what waits, of one crawler or of all. */
export type DrainBatch = (options: {
  signal: AbortSignal;
  crawlerId?: string | undefined;
}) => Promise<{ drained: number; remaining: boolean }>;

/** Makes a DrainBatch. It prepares the index at its first batch and not before, so that a worker starts while the search engine is away. */
export function createDrainBatch({ database, searchIndex }: ActivityContext): DrainBatch {
  let prepared: Promise<void> | undefined;
  const prepare = () => {
    prepared ??= searchIndex.prepare().catch((error: unknown) => {
      prepared = undefined;
      throw error;
    });
    return prepared;
  };
  return async ({ signal, crawlerId }) => {
    await prepare();
    signal.throwIfAborted();
    return drainOutbox(database, searchIndex, {
      limit: BATCH,
      signal,
      ...(crawlerId === undefined ? {} : { crawlerId }),
    });
  };
}
