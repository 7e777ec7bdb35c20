import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { webhookDeliveriesId } from '../../workflows/contract.js';
import { expectedSignature, type WebhookReceiver, webhookReceiver } from '../fakes/webhook-receiver.js';
import { startWholeProduct, type WholeProduct } from './whole-product.js';

const TABLES = 120;
const SOON = { timeout: 30_000, interval: 100 };

let product: WholeProduct;
let receiver: WebhookReceiver;
beforeAll(async () => {
  product = await startWholeProduct();
});
afterAll(async () => {
  await product.stop();
});

const asAdmin = (method: string, path: string, body?: object, headers?: Record<string, string>) =>
  product.api.call(method, path, { as: product.people.admin, ...(body && { body }), ...(headers && { headers }) });

async function hook(name: string, more: object = {}) {
  receiver = await webhookReceiver();
  const { body, status, text } = await asAdmin('POST', '/webhooks', {
    workspaceId: product.people.workspaceId,
    name,
    url: receiver.url,
    events: ['table.added', 'table.changed', 'table.removed', 'run.finished'],
    ...more,
  });
  expect(status, text).toBe(201);
  return body as { id: string; secret: string; version: number };
}

const deliveries = async (id: string) => (await asAdmin('GET', `/webhooks/${id}/deliveries`)).body.items;

describe('a webhook', () => {
  it('is told of each table that a run added and then that the run ended, in signed messages, once', async () => {
    const { id, secret } = await hook('all');
    const { id: crawlerId } = await product.makeCrawler(TABLES);
    const run = await product.runToItsEnd(crawlerId);
    await vi.waitFor(
      async () => expect(await deliveries(id)).toMatchObject([{ status: 'delivered', events: 2 * TABLES + 1 }]),
      SOON,
    );
    const events = receiver.received.flatMap((message) => message.events);
    expect(new Set(events.map((event) => event.id)).size).toBe(2 * TABLES + 1);
    expect(events.slice(0, -1).every(({ type }) => type === 'io.datamap.table.added')).toBe(true);
    expect(events[0]).toMatchObject({
      specversion: '1.0',
      source: `/crawlers/${crawlerId}`,
      subject: expect.stringContaining('postgresql-table:'),
      data: { change: 'added', run: { id: run.id, number: run.number } },
    });
    expect(events.at(-1)).toMatchObject({
      type: 'io.datamap.run.finished',
      data: { runId: run.id, status: 'succeeded', counts: { added: 2 * TABLES } },
    });
    for (const message of receiver.received) {
      expect(message.events.length).toBeLessThanOrEqual(100);
      expect(message.headers['content-type']).toContain('application/cloudevents-batch+json');
      expect(message.headers['webhook-signature']).toBe(expectedSignature(secret, message));
    }
    expect(JSON.stringify((await asAdmin('GET', `/webhooks/${id}`)).body)).not.toContain(secret.slice(6));
    await asAdmin('DELETE', `/webhooks/${id}`);
    await receiver.stop();
  }, 120_000);

  it('whose receiver is away is told when it is back, from the message on that was not taken', async () => {
    const { id } = await hook('away', { events: ['run.finished'] });
    receiver.answer(503);
    const { id: crawlerId } = await product.makeCrawler(3);
    await product.runToItsEnd(crawlerId);
    await vi.waitFor(
      async () =>
        expect(await deliveries(id)).toMatchObject([
          { status: 'waiting', error: { code: 'RECEIVER_REFUSED', message: expect.stringContaining('503') } },
        ]),
      SOON,
    );
    receiver.answer(204);
    await vi.waitFor(
      async () => expect(await deliveries(id)).toMatchObject([{ status: 'delivered', events: 1 }]),
      SOON,
    );
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(receiver.received.length).toBeGreaterThanOrEqual(2);
    expect(new Set(ids).size).toBe(1);
    await asAdmin('DELETE', `/webhooks/${id}`);
    await receiver.stop();
  }, 120_000);

  it('whose receiver wants no more is turned off with the cause, keeps what it is owed, and is told once it is turned on', async () => {
    const { id } = await hook('gone', { events: ['run.finished'] });
    receiver.answer(410);
    const { id: crawlerId } = await product.makeCrawler(3);
    await product.runToItsEnd(crawlerId);
    const off = await vi.waitFor(async () => {
      const answer = await asAdmin('GET', `/webhooks/${id}`);
      expect(answer.body).toMatchObject({ enabled: false, waiting: 1, disabledBecause: { code: 'RECEIVER_GONE' } });
      return answer;
    }, SOON);
    expect(await asAdmin('POST', `/webhooks/${id}/trial`, {})).toMatchObject({
      status: 409,
      body: { code: 'WEBHOOK_OFF' },
    });
    receiver.answer(200);
    // Its workflow has nothing left to do, and a new one begins.
    await product.client.workflow.getHandle(webhookDeliveriesId(id)).result();
    const etag = off.headers.get('etag') ?? '';
    const on = await asAdmin('PATCH', `/webhooks/${id}`, { enabled: true }, { 'If-Match': etag });
    expect(on).toMatchObject({ status: 200, body: { enabled: true, disabledBecause: null } });
    await vi.waitFor(async () => expect(await deliveries(id)).toMatchObject([{ status: 'delivered' }]), SOON);
    await asAdmin('DELETE', `/webhooks/${id}`);
    await receiver.stop();
  }, 120_000);

  it('can be tried out, and says why a message did not arrive', async () => {
    const { id } = await hook('trial');
    expect((await asAdmin('POST', `/webhooks/${id}/trial`, {})).status).toBe(202);
    await vi.waitFor(
      async () => expect(await deliveries(id)).toMatchObject([{ status: 'delivered', runId: null }]),
      SOON,
    );
    expect(receiver.received[0]?.events).toMatchObject([{ type: 'io.datamap.trial' }]);
    await receiver.stop();
    await asAdmin('POST', `/webhooks/${id}/trial`, {});
    await vi.waitFor(
      async () =>
        expect((await deliveries(id))[0]).toMatchObject({
          status: 'waiting',
          error: { code: 'RECEIVER_UNREACHABLE', remedy: expect.any(String) },
        }),
      SOON,
    );
    await asAdmin('DELETE', `/webhooks/${id}`);
  }, 120_000);

  it.each([
    ['an address that is none', { url: 'hooks.example' }, 400, 'WEBHOOK_URL_REFUSED'],
    ['a password in the address', { url: 'https://a:b@hooks.example/' }, 400, 'WEBHOOK_URL_REFUSED'],
    ['an event there is not', { events: ['table.eaten'] }, 400, 'INVALID_REQUEST'],
    ['a crawler there is not', { crawlerId: '00000000-0000-4000-8000-000000000000' }, 404, 'NOT_FOUND'],
  ])('is refused with %s', async (_what, wrong, status, code) => {
    const whole = {
      workspaceId: product.people.workspaceId,
      name: 'wrong',
      url: 'https://hooks.example',
      events: ['run.finished'],
    };
    expect(await asAdmin('POST', '/webhooks', { ...whole, ...wrong })).toMatchObject({ status, body: { code } });
  });
});
