import type { ApiContext } from './context.js';

/** Has queued tables described. The minute's upkeep does it otherwise, so trouble here is none of the caller's. */
export async function beginDescribing({ orchestrator, log }: ApiContext): Promise<void> {
  await orchestrator
    .describeTables()
    .catch((error: unknown) => log.warn({ err: error }, 'Tables are described with the next upkeep'));
}
