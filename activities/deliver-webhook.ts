import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { Agent, request } from 'undici';
import {
  type CloudEvent,
  changesOfBatch,
  changesOfRun,
  endOfRun,
  trialEvent,
} from '../catalog/webhooks/cloud-events.js';
import { beginAttempt, endDelivery, noteTold, noteTrouble, type OpenDelivery } from '../catalog/webhooks/deliveries.js';
import { signedHeaders } from '../catalog/webhooks/sign-message.js';
import { NotTaken } from '../catalog/webhooks/webhook.js';
import { turnOff } from '../catalog/webhooks/webhooks.js';
import { resolveSource } from '../connectors/reach.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { BUSY_RETRY_MS } from './failures.js';
import { withLiveness } from './liveness.js';

/** Events in one message. */
const BATCH = 100;
/**
 * Deliveries at once in a worker. Receivers may be slow, as many as there are, and steps of runs wait for the same slots.
 */
const MOST_AT_ONCE = 8;
/** Milliseconds that a receiver has to answer. */
const PATIENCE = 15_000;

/**
 * Makes the activity that tells a webhook of one run or change outside of runs, message by message; repeated, it goes on after the last message that
 * was taken. A receiver that answers 410 wants no more and is turned off.
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
        for await (const { events, cursor } of messages(delivery)) {
          await send(delivery, events, cursor, signal);
          await noteTold(database, deliveryId, cursor, events.length);
          told += events.length;
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

  async function* messages(delivery: OpenDelivery): AsyncGenerator<{ events: CloudEvent[]; cursor: string }> {
    const { runId, batchId, wanted, webhookId, id } = delivery;
    if (runId === null && batchId === null) {
      yield { events: [trialEvent(webhookId, id)], cursor: delivery.cursor };
      return;
    }
    let { cursor } = delivery;
    for (;;) {
      const batch =
        batchId === null
          ? await changesOfRun(database, runId ?? '', wanted, cursor, BATCH)
          : await changesOfBatch(database, batchId, wanted, cursor, BATCH);
      if (batch.events.length > 0) yield batch;
      cursor = batch.cursor;
      if (batch.events.length < BATCH) break;
    }
    const end = runId !== null && wanted.includes('run.finished') ? await endOfRun(database, runId) : undefined;
    if (end !== undefined) yield { events: [end], cursor };
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
async function send(
  { id, url, secret }: OpenDelivery,
  events: readonly CloudEvent[],
  cursor: string,
  signal: AbortSignal,
): Promise<void> {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const body = JSON.stringify(events);
  const status = await post(url, host, signal, {
    body,
    headers: {
      'content-type': 'application/cloudevents-batch+json; charset=utf-8',
      'user-agent': 'datamap',
      ...signedHeaders(secret, { id: `${id}-${cursor}-${events.length}`, at: new Date(), body }),
    },
  }).catch((error: unknown) => {
    signal.throwIfAborted();
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
