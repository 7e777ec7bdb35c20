import type { ApiContext } from './context.js';

/** Has a webhook told what waits for it. The minute's upkeep does it otherwise, so trouble here is none of the caller's. */
export async function wakeWebhook(
  { orchestrator, log }: ApiContext,
  { id, name }: { id: string; name: string },
): Promise<void> {
  await orchestrator
    .tellWebhook({ webhookId: id, webhookName: name })
    .catch((error: unknown) => log.warn({ err: error }, 'A webhook is told with the next upkeep'));
}
