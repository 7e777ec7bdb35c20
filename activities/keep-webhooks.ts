import { getClient } from '@temporalio/activity';
import { endDelivery, nextDelivery, webhooksWithNews } from '../catalog/webhooks/deliveries.js';
import { turnOff } from '../catalog/webhooks/webhooks.js';
import type { Database } from '../db/database.js';
import {
  type ControlActivities,
  type WebhookDeliveriesWorkflow,
  webhookDeliveriesStart,
} from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { withLiveness } from './liveness.js';

/** Makes the activity that sees to it that each webhook which is to be told something has its workflow. */
export function createKeepWebhooks({ database }: ActivityContext): ControlActivities['keepWebhooks'] {
  return () => withLiveness<undefined, number>(({ signal }) => tellWebhooks(database, signal));
}

/** Starts the workflow of each webhook that is to be told something; those that run are left alone. */
async function tellWebhooks(database: Database, signal?: AbortSignal): Promise<number> {
  const webhooks = await webhooksWithNews(database);
  for (const { id, name } of webhooks) {
    signal?.throwIfAborted();
    const start = webhookDeliveriesStart({ webhookId: id, webhookName: name });
    await getClient().workflow.signalWithStart<WebhookDeliveriesWorkflow>('webhookDeliveries', start);
  }
  return webhooks.length;
}

/** As a run ends. Trouble is not the run's: the minute's upkeep sees to them again. */
export async function tellOfEndedRun({ database, log }: ActivityContext): Promise<void> {
  await tellWebhooks(database).catch((error: unknown) =>
    log.warn({ err: error }, 'Webhooks are told of a run with the next upkeep'),
  );
}

/** Makes the activity that finds what a webhook is to be told next; null where there is nothing. */
export function createNextDelivery({ database }: ActivityContext): ControlActivities['nextDelivery'] {
  return async ({ webhookId }) => (await nextDelivery(database, webhookId)) ?? null;
}

/**
 * Makes the activity that gives up on a delivery, and with it on a webhook that took nothing for a day. What else waits for
 * it stays, and is told when somebody turns it on again.
 */
export function createGiveUpDelivery({ database }: ActivityContext): ControlActivities['giveUpDelivery'] {
  return async ({ webhookId, deliveryId, failure }) => {
    await endDelivery(database, deliveryId, { status: 'failed', failure });
    await turnOff(database, webhookId, failure);
  };
}
