import {
  type CloudEvent,
  changesOfBatch,
  changesOfRun,
  endOfRun,
  trialEvent,
} from '../catalog/webhooks/cloud-events.js';
import type { OpenDelivery } from '../catalog/webhooks/deliveries.js';
import { signedHeaders } from '../catalog/webhooks/sign-message.js';
import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { runEvents } from '../lineage/tell/run-events.js';

/** Events in one message. */
const BATCH = 100;

/** One request to a receiver. */
export interface Message {
  body: string;
  headers: Record<string, string>;
  events: number;
  /** Noted once it was taken: where the delivery goes on. */
  cursor: string;
}

/** What is still to be sent of a delivery, in order. */
export function messagesOf(database: Database, delivery: OpenDelivery): AsyncIterable<Message> {
  return delivery.format === 'openlineage' ? openLineage(database, delivery) : cloudEvents(database, delivery);
}

async function* cloudEvents(database: Database, delivery: OpenDelivery): AsyncGenerator<Message> {
  const { runId, batchId, wanted, webhookId, id } = delivery;
  if (runId === null && batchId === null) {
    yield signed(delivery, [trialEvent(webhookId, id)], delivery.cursor);
    return;
  }
  let { cursor } = delivery;
  for (;;) {
    const batch =
      batchId === null
        ? await changesOfRun(database, runId ?? '', wanted, cursor, BATCH)
        : await changesOfBatch(database, batchId, wanted, cursor, BATCH);
    if (batch.events.length > 0) yield signed(delivery, batch.events, batch.cursor);
    cursor = batch.cursor;
    if (batch.events.length < BATCH) break;
  }
  const end = runId !== null && wanted.includes('run.finished') ? await endOfRun(database, runId) : undefined;
  if (end !== undefined) yield signed(delivery, [end], cursor);
}

function signed({ id, secret }: OpenDelivery, events: readonly CloudEvent[], cursor: string): Message {
  const body = JSON.stringify(events);
  return {
    body,
    headers: {
      'content-type': 'application/cloudevents-batch+json; charset=utf-8',
      ...signedHeaders(secret, { id: `${id}-${cursor}-${events.length}`, at: new Date(), body }),
    },
    events: events.length,
    cursor,
  };
}

/** One event a request, as OpenLineage's own clients send it. A run that it was not told the beginning of is told whole. */
async function* openLineage(database: Database, delivery: OpenDelivery): AsyncGenerator<Message> {
  const { runId, namespace, secret, cursor, moment } = delivery;
  const told = runId === null ? undefined : await runEvents(database, runId, namespace ?? '');
  if (runId === null || told === undefined) return;
  const end = told.end === undefined ? [] : [told.end];
  const events = moment === 'start' ? [told.start] : (await wasBegun(database, delivery)) ? end : [told.start, ...end];
  for (const [place, event] of events.entries()) {
    if (place < Number(cursor)) continue;
    yield {
      body: JSON.stringify(event),
      headers: {
        'content-type': 'application/json; charset=utf-8',
        ...(secret === '' ? {} : { authorization: `Bearer ${secret}` }),
      },
      events: 1,
      cursor: String(place + 1),
    };
  }
}

async function wasBegun(database: Database, { webhookId, runId }: OpenDelivery): Promise<boolean> {
  const rows = await query(
    database,
    `SELECT 1 FROM webhook_delivery WHERE webhook_id = :webhookId AND run_id = :runId AND moment = 'start'`,
    { webhookId, runId },
  );
  return rows.length > 0;
}
