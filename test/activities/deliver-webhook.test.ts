import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MockActivityEnvironment } from '@temporalio/testing';
import pino from 'pino';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createDeliverWebhook } from '../../activities/deliver-webhook.js';
import { listDeliveries, queueTrial } from '../../catalog/webhooks/deliveries.js';
import { createWebhook } from '../../catalog/webhooks/webhooks.js';
import { query } from '../../db/query.js';
import { testDatabase } from '../servers/test-database.js';

const secretKey = Buffer.alloc(32);
let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

test('Slow receivers take a few places of a worker and no more: the next delivery is put off, and is made when one is through', async () => {
  const { database } = catalog;
  const held: ServerResponse[] = [];
  const receiver = createServer((request, response) => {
    request.resume();
    held.push(response);
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { webhook, deliver } = await hooked(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`);
  const attempt = async () => {
    const { id } = await queueTrial(database, webhook);
    return new MockActivityEnvironment().run(deliver, { deliveryId: id });
  };
  const atWork = Array.from({ length: 8 }, attempt);
  await vi.waitFor(() => expect(held).toHaveLength(8), { timeout: 10_000 });
  await expect(attempt()).rejects.toMatchObject({ type: 'DELIVERIES_BUSY' });
  for (const response of held) response.end();
  await Promise.all(atWork);
  const next = attempt();
  await vi.waitFor(() => expect(held).toHaveLength(9), { timeout: 10_000 });
  held[8]?.end();
  await next;
  const { items } = await listDeliveries(database, webhook.id, { limit: 20 });
  expect(items.filter(({ status }) => status === 'delivered')).toHaveLength(9);
  receiver.closeAllConnections();
  receiver.close();
});

test('A receiver at an address that is never sent to is told of as that', async () => {
  const { webhook, deliver } = await hooked('http://169.254.169.254/latest');
  const { id } = await queueTrial(catalog.database, webhook);
  await expect(new MockActivityEnvironment().run(deliver, { deliveryId: id })).rejects.toThrow('never sent to');
  const { items } = await listDeliveries(catalog.database, webhook.id, { limit: 1 });
  expect(items[0]?.error).toMatchObject({
    code: 'RECEIVER_ADDRESS_REFUSED',
    remedy: expect.stringContaining('Name the receiver itself'),
  });
});

/** A webhook of a new workspace that is told there, and what tells it. */
async function hooked(url: string) {
  const { database } = catalog;
  const [workspace] = await query<{ id: string }>(database, `INSERT INTO workspace (name) VALUES (?) RETURNING id`, [
    url,
  ]);
  const [person] = await query<{ id: string }>(
    database,
    `INSERT INTO person (email, name) VALUES (?, 'Someone') RETURNING id`,
    [`${workspace?.id}@example.org`],
  );
  const { webhook } = await createWebhook(database, secretKey, {
    workspaceId: workspace?.id ?? '',
    name: 'told',
    url,
    events: ['run.finished'],
    crawlerId: null,
    createdBy: person?.id ?? '',
  });
  const deliver = createDeliverWebhook({
    database,
    secretKey,
    log: pino({ level: 'silent' }),
    loadConnector: async () => Promise.reject(new Error('no source is asked')),
    searchIndex: undefined as never,
    worker: { id: 'w-1', host: 'here', addresses: [] },
  });
  return { webhook, deliver };
}
