import {
  continueAsNew,
  defineSignal,
  isCancellation,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { control, delivering } from './activities.js';
import { WEBHOOK_NEWS, type WebhookDeliveriesInput } from './contract.js';
import { summarise } from './failure-summary.js';

export const newsSignal = defineSignal(WEBHOOK_NEWS);

/**
 * Tells a webhook of one run after the other, in the order in which they ended, until there is nothing more to tell. The
 * deliveries are rows: this only sees to it that somebody works on them, for as long as the receiver is away.
 */
export async function webhookDeliveries(input: WebhookDeliveriesInput): Promise<{ delivered: number }> {
  const { webhookId, webhookName } = input;
  let delivered = input.delivered ?? 0;
  let news = false;
  setHandler(newsSignal, () => {
    news = true;
  });
  for (;;) {
    news = false;
    setCurrentDetails(`**${webhookName}** was told of ${delivered} runs.`);
    const deliveryId = await control('See what is to be told').nextDelivery({ webhookId });
    if (deliveryId === null) {
      if (news) continue;
      return { delivered };
    }
    try {
      await delivering(`Tell ${webhookName}`).deliverWebhook({ deliveryId });
      delivered += 1;
    } catch (error) {
      if (isCancellation(error)) throw error;
      const failure = summarise(error);
      await control('Give up on a webhook').giveUpDelivery({ webhookId, deliveryId, failure });
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof webhookDeliveries>({ ...input, delivered });
  }
}
