import { getClient } from '@temporalio/activity';
import { endDelivery, nextDelivery, webhooksWithNews } from '../catalog/webhooks/deliveries.js';
import { setReceiver } from '../catalog/webhooks/openlineage-receiver.js';
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
export function createKeepWebhooks(context: ActivityContext): ControlActivities['keepWebhooks'] {
  let isSet = false;
  return () =>
    withLiveness<undefined, number>(async ({ signal }) => {
      // Once in the life of a worker: a receiver that took nothing for a day is tried again by one that starts.
      if (!isSet) await setReceiver(context.database, context.secretKey, context.openLineage);
      isSet = true;
      return tellWebhooks(context.database, signal);
    });
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

/** As a run begins or ends. Trouble is not the run's: the minute's upkeep sees to them again. */
export async function tellOfRun({ database, log }: ActivityContext): Promise<void> {
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
export function createGiveUpDelivery({ database, log }: ActivityContext): ControlActivities['giveUpDelivery'] {
  return async ({ webhookId, deliveryId, failure }) => {
    log.warn({ webhookId, ...failure }, 'A receiver took nothing for a day and is told nothing more');
    await endDelivery(database, deliveryId, { status: 'failed', failure });
    await turnOff(database, webhookId, failure);
  };
}
