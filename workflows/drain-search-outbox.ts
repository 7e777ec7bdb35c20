import { indexing } from './activities.js';

/** The guarantee that everything in the outbox reaches search, whatever became of the run that wrote it. */
export async function drainSearchOutbox(): Promise<{ drained: number }> {
  return { drained: await indexing('Bring search up to date').drainOutbox({}) };
}
