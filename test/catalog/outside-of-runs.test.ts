import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDeliverWebhook } from '../../activities/deliver-webhook.js';
import { retireCrawler } from '../../activities/retire-crawler.js';
import { takeDatabases } from '../../catalog/crawlers/scope.js';
import { markDeleting } from '../../catalog/crawlers/write-crawlers.js';
import { extentOfEvents, placeEvents, readEvents } from '../../catalog/events/event-log.js';
import { decideHold } from '../../catalog/removals/decide-hold.js';
import { restoreEntity } from '../../catalog/removals/restore-entity.js';
import { settleHold } from '../../catalog/removals/settle-hold.js';
import { dropCrawlerRows } from '../../catalog/retire/drop-crawler-rows.js';
import { letAllLeave } from '../../catalog/retire/leaving.js';
import { forgetOldBatches, listDeliveries, webhooksWithNews } from '../../catalog/webhooks/deliveries.js';
import type { WebhookEvent } from '../../catalog/webhooks/webhook.js';
import { createWebhook } from '../../catalog/webhooks/webhooks.js';
import { type CrawledCatalog, crawledCatalog, tablesOf } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { type WebhookReceiver, webhookReceiver } from '../fakes/webhook-receiver.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let personId: string;
let receiver: WebhookReceiver;
beforeAll(async () => {
  catalog = await testDatabase();
  receiver = await webhookReceiver();
  const { rows } = await catalog.database.raw<{ rows: { id: string }[] }>(
    `INSERT INTO person (email, name, tenant_role) VALUES ('person@example.org', 'Person', 'admin') RETURNING id`,
  );
  personId = rows[0]?.id ?? '';
});
afterAll(async () => {
  await receiver.stop();
  await catalog.drop();
});

const key = SyntheticSource.keyOf;

/** A map of some tables, and a webhook of its workspace that has been told of all so far. */
async function mapWithWebhook(
  tables: number,
  events: WebhookEvent[] = ['table.added', 'table.removed', 'run.finished'],
) {
  const source = new SyntheticSource(tables, 1);
  const map = await crawledCatalog(catalog.database, source);
  await map.crawl();
  const hook = { workspaceId: map.workspaceId, name: 'hook', url: receiver.url, events, crawlerId: null };
  const { webhook } = await createWebhook(map.database, map.context.secretKey, { ...hook, createdBy: personId });
  return { source, map, webhookId: webhook.id };
}

/** Delivers what waits for a webhook, and returns what arrived. */
async function deliver(map: CrawledCatalog, webhookId: string) {
  const before = receiver.received.length;
  const { items } = await listDeliveries(map.database, webhookId, { limit: 100 });
  for (const { id } of items.filter(({ status }) => status === 'waiting').reverse())
    await new MockActivityEnvironment().run(createDeliverWebhook(map.context), { deliveryId: id });
  return receiver.received.slice(before).flatMap(({ events }) => events);
}

const deliveriesOf = async (map: CrawledCatalog, webhookId: string) =>
  (await listDeliveries(map.database, webhookId, { limit: 100 })).items;

/** What has been told on the stream since, of a database. */
async function streamed(map: CrawledCatalog, since: string) {
  await placeEvents(map.database);
  const events = await readEvents(map.database, since, 1_000);
  return events.filter(({ databaseId }) => databaseId === map.collectedDatabaseId);
}
async function now(map: CrawledCatalog): Promise<string> {
  await placeEvents(map.database);
  return (await extentOfEvents(map.database)).newest;
}

test('removals that a person approved are told to webhooks and on the stream, each table once, and what is restored too', async () => {
  const { source, map, webhookId } = await mapWithWebhook(20);
  const guids = [...(await tablesOf(map)).keys()];
  for (let index = 0; index < 20; index += 1) source.drop(key(index));
  await map.crawl();
  const [hold] = await map.rows<{ id: string }>('SELECT id FROM held_removal WHERE crawler_id = ?', [map.crawlerId]);
  await decideHold(map.database, hold?.id ?? '', { status: 'approved', personId });
  const since = await now(map);
  while ((await settleHold(map.database, hold?.id ?? '', 8)).next === 'more');
  expect((await streamed(map, since)).map(({ type, data }) => ({ type, ...(data['counts'] as object) }))).toEqual(
    [8, 8, 4].map((removed) => ({ type: 'tables.changed', added: 0, changed: 0, restored: 0, removed })),
  );
  expect((await webhooksWithNews(map.database)).map(({ id }) => id)).toContain(webhookId);
  const told = await deliver(map, webhookId);
  expect(told.map(({ subject }) => subject).sort()).toEqual(guids.sort());
  expect(new Set(told.map(({ id }) => id)).size).toBe(20);
  expect(told[0]).toMatchObject({
    type: 'io.datamap.table.removed',
    data: { change: 'removed', database: 'shop', run: null, cause: 'removal-approved' },
  });
  expect(await deliver(map, webhookId)).toEqual([]);

  const back = String(told[0]?.data['entityId']);
  const after = await now(map);
  await restoreEntity(map.database, back);
  expect(await streamed(map, after)).toMatchObject([
    { type: 'tables.changed', data: { runId: null, tables: [{ id: back, change: 'restored' }] } },
  ]);
  expect(await deliver(map, webhookId)).toMatchObject([
    { type: 'io.datamap.table.added', data: { entityId: back, change: 'restored', cause: 'restored' } },
  ]);
});

test('a narrowed scope and a deleted crawler are told table by table, also once the crawler is gone', async () => {
  for (const cause of ['scope-narrowed', 'crawler-deleted'] as const) {
    const { map, webhookId } = await mapWithWebhook(5);
    const guids = [...(await tablesOf(map)).keys()].sort();
    const since = await now(map);
    if (cause === 'crawler-deleted') await markDeleting(map.database, map.crawlerId);
    await letAllLeave(map.database, map.crawlerId);
    await retireCrawler(map.database, map.crawlerId, new AbortController().signal, () => undefined);
    if (cause === 'crawler-deleted') await dropCrawlerRows(map.database, map.crawlerId);
    expect((await streamed(map, since)).map(({ type }) => type)).toEqual(['database.removed']);
    expect(await deliveriesOf(map, webhookId)).toMatchObject([{ status: 'waiting', runId: null, cause }]);
    const told = await deliver(map, webhookId);
    expect(told.map(({ subject }) => subject).sort()).toEqual(guids);
    expect(told[0]).toMatchObject({ source: `/crawlers/${map.crawlerId}`, data: { run: null, cause } });
  }
});

test('nothing is kept for webhooks that want none of it, and what was told is forgotten after its time', async () => {
  const { map, webhookId } = await mapWithWebhook(3, ['run.finished', 'table.changed']);
  await letAllLeave(map.database, map.crawlerId);
  await retireCrawler(map.database, map.crawlerId, new AbortController().signal, () => undefined);
  expect(await deliveriesOf(map, webhookId)).toEqual([]);
  await map.rows(`UPDATE change_batch SET at = now() - interval '31 days'`);
  const told = await map.rows<{ n: number }>('SELECT count(*)::int AS n FROM change_batch');
  expect(told[0]?.n).toBeGreaterThan(0);
  expect(await forgetOldBatches(map.database, 30)).toBe(told[0]?.n);
});

test('a database that comes back to a scope is told on the stream as added', async () => {
  const { map } = await mapWithWebhook(2);
  await letAllLeave(map.database, map.crawlerId);
  await retireCrawler(map.database, map.crawlerId, new AbortController().signal, () => undefined);
  const since = await now(map);
  await takeDatabases(map.database, map.crawlerId, ['shop']);
  expect(await streamed(map, since)).toMatchObject([
    { type: 'database.added', data: { databaseId: map.collectedDatabaseId, crawlerId: map.crawlerId } },
  ]);
});
