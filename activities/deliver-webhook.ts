import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { Agent, request } from 'undici';
import { beginAttempt, endDelivery, noteTold, noteTrouble, type OpenDelivery } from '../catalog/webhooks/deliveries.js';
import { NotTaken } from '../catalog/webhooks/webhook.js';
import { turnOff } from '../catalog/webhooks/webhooks.js';
import { ConnectorError } from '../connectors/contract.js';
import { resolveSource } from '../connectors/reach.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { BUSY_RETRY_MS } from './failures.js';
import { withLiveness } from './liveness.js';
import { type Message, messagesOf } from './messages-of-delivery.js';

/**
 * Deliveries at once in a worker. Receivers may be slow, as many as there are, and steps of runs wait for the same slots.
 */
const MOST_AT_ONCE = 8;
/** Milliseconds that a receiver has to answer. */
const PATIENCE = 15_000;

/**
 * Makes the activity that tells a webhook of one run or change outside of runs, message by message; repeated, it goes on
 * after the last message that was taken. A receiver that answers 410 wants no more and is turned off.
 */
export function createDeliverWebhook({ database, secretKey }: ActivityContext): ControlActivities['deliverWebhook'] {
  let atWork = 0;
  return async (request) => {
    if (atWork >= MOST_AT_ONCE) throw laterOn();
    atWork += 1;
    try {
      await deliver(request);
    } finally {
      atWork -= 1;
    }
  };

  function deliver({ deliveryId }: { deliveryId: string }): Promise<void> {
    return withLiveness<{ told: number }, void>(async ({ signal, checkpoint }) => {
      const delivery = await beginAttempt(database, secretKey, deliveryId);
      if (delivery === undefined) return;
      let told = 0;
      try {
        for await (const message of messagesOf(database, delivery)) {
          await send(delivery, message, signal);
          await noteTold(database, deliveryId, message.cursor, message.events);
          told += message.events;
          checkpoint({ told });
        }
      } catch (error) {
        if (!(error instanceof NotTaken)) throw error;
        const { code, message, remedy } = error;
        await noteTrouble(database, deliveryId, { code, message, remedy });
        if (code !== 'RECEIVER_GONE') throw error;
        await turnOff(database, delivery.webhookId, { code, message, remedy });
        return;
      }
      await endDelivery(database, deliveryId, { status: 'delivered' });
    });
  }
}

/** Nothing is wrong: it is its turn later. */
function laterOn(): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'DELIVERIES_BUSY',
    message: 'This worker tells as many webhooks as it does at once',
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: BUSY_RETRY_MS,
    details: [{ remedy: 'Nothing needs to be done: it is told when another one is through.' }],
  });
}

/** @throws NotTaken, or the signal's reason */
async function send({ url }: OpenDelivery, { body, headers }: Message, signal: AbortSignal): Promise<void> {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const status = await post(url, host, signal, {
    body,
    headers: { 'user-agent': 'datamap', ...headers },
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    if (error instanceof ConnectorError && error.code === 'ADDRESS_REFUSED')
      throw new NotTaken(
        'RECEIVER_ADDRESS_REFUSED',
        `${host} is at an address that is never sent to`,
        'Name the receiver itself: link-local, metadata, multicast and unspecified addresses are refused, and loopback where DATAMAP_REFUSE_LOOPBACK is true.',
      );
    throw new NotTaken(
      'RECEIVER_UNREACHABLE',
      `${host} cannot be reached: ${error instanceof Error ? error.message : String(error)}`,
      'See that the receiver runs and that the network of the workers reaches it. It is tried again for a day.',
    );
  });
  if (status >= 200 && status < 300) return;
  if (status === 410)
    throw new NotTaken(
      'RECEIVER_GONE',
      `${host} says that it wants no more messages (410)`,
      'Turn the webhook on again when the receiver is back, or delete it.',
    );
  throw new NotTaken(
    'RECEIVER_REFUSED',
    `${host} answered ${status}`,
    'See what the receiver says of it. Anything but 2xx is tried again for a day; then the webhook is turned off.',
  );
}

/** The status of the answer. Redirects are not followed: they would lead where nobody agreed to send. */
async function post(
  url: string,
  host: string,
  signal: AbortSignal,
  message: { body: string; headers: Record<string, string> },
): Promise<number> {
  // Looked up once and connected to: a name that answers differently the next time leads nowhere else.
  const { address, family } = await resolveSource(host, { signal });
  const agent = new Agent({
    connect: {
      lookup: (_name, { all }, found) =>
        all === true ? found(null, [{ address, family }]) : found(null, address, family),
    },
  });
  const limited = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
  try {
    const answer = await request(url, { dispatcher: agent, method: 'POST', ...message, signal: limited });
    // What a receiver says is not kept; it may be anything, and of any length.
    await answer.body.dump({ limit: 16_384, signal: limited }).catch(() => undefined);
    return answer.statusCode;
  } finally {
    void agent.destroy();
  }
}
