import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { setReceiver } from '../../catalog/webhooks/openlineage-receiver.js';
import { scheduleId } from '../../workflows/contract.js';
import { RUN_EVENT } from '../fakes/openlineage-schema.js';
import { type WebhookReceiver, webhookReceiver } from '../fakes/webhook-receiver.js';
import { startWholeProduct, type WholeProduct } from './whole-product.js';

const SOON = { timeout: 30_000, interval: 100 };
const KEY = 'an-api-key-of-the-receiver';

let product: WholeProduct;
let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await webhookReceiver();
  const openLineage = { url: receiver.url, apiKey: KEY, namespace: 'datamap-test' };
  product = await startWholeProduct({ openLineage });
  await setReceiver(product.api.database, product.api.context.secretKey, openLineage);
}, 120_000);
afterAll(async () => {
  await product.stop();
  await receiver.stop();
});

interface Told {
  eventType: string;
  eventTime: string;
  run: { runId: string; facets: Record<string, Record<string, unknown>> };
  job: { namespace: string; name: string };
  outputs: { namespace: string; name: string; facets: Record<string, Record<string, unknown>> }[];
}

/** What was told of the run, in order; whatever the answer was, or what was taken alone. */
const told = (runId: string, answered?: number): Told[] =>
  receiver.received
    .filter((message) => answered === undefined || message.answered === answered)
    .map(({ body }) => JSON.parse(body) as Told)
    .filter(({ run }) => run.runId === runId);
const types = (runId: string, answered = 200) => told(runId, answered).map(({ eventType }) => eventType);

describe('A run', () => {
  it('is told as OpenLineage when it begins and when it ends, with what it collected', async () => {
    const { id: crawlerId } = await product.makeCrawler(5);
    const run = await product.runToItsEnd(crawlerId);
    await vi.waitFor(() => expect(types(run.id)).toEqual(['START', 'COMPLETE']), SOON);
    const [start, complete] = told(run.id);
    expect(start).toMatchObject({ job: { namespace: 'datamap-test' }, outputs: [], eventTime: run.startedAt });
    expect(complete).toMatchObject({ job: start?.job, eventTime: run.endedAt });
    expect(complete?.run.facets).toMatchObject({
      processing_engine: { name: 'Datamap' },
      datamap_run: { number: run.number, trigger: 'manual', status: 'succeeded', crawlerId, counts: { tables: 10 } },
    });
    expect(complete?.run.facets).not.toHaveProperty('parent');
    expect(complete?.outputs.map(({ namespace, name }) => `${namespace} ${name}`)).toEqual([
      expect.stringMatching(/^postgres:\/\/db\d+\.example:5432 sales$/),
      expect.stringMatching(/ shop$/),
    ]);
    expect(complete?.outputs[0]?.facets).toMatchObject({
      datasetType: { datasetType: 'DATABASE' },
      datamap_collected: { status: 'done', tablesOnMap: 5, counts: { added: 5 } },
    });
    expect(receiver.received[0]?.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'content-type': expect.stringContaining('application/json'),
    });
  });

  it('of a schedule has the time of the plan and the schedule as what began it', async () => {
    const plan = { mode: 'cycle', every: 'day', hour: 3, minute: 0, timeZone: 'UTC' };
    const { id: crawlerId } = await product.makeCrawler(1, plan);
    await product.client.schedule.getHandle(scheduleId(crawlerId)).trigger();
    const started = await vi.waitFor(() => {
      const found = receiver.received.map(({ body }) => JSON.parse(body) as Told).find(({ run }) => run.facets.parent);
      expect(found).toBeDefined();
      return found as Told;
    }, SOON);
    expect(started.run.facets).toMatchObject({
      nominalTime: { nominalStartTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) },
      parent: { job: { namespace: 'datamap-test', name: `${started.job.name}.schedule` } },
      datamap_run: { trigger: 'schedule' },
    });
    await vi.waitFor(() => expect(types(started.run.runId)).toEqual(['START', 'COMPLETE']), SOON);
  });

  it('that fails is told with the cause', async () => {
    const { id: crawlerId } = await product.makeCrawler(1);
    product.connector = { ...product.connector, listDatabases: async () => [] };
    const run = await product.runToItsEnd(crawlerId);
    expect(run.status).toBe('failed');
    await vi.waitFor(() => expect(types(run.id)).toEqual(['START', 'FAIL']), SOON);
    expect(told(run.id)[1]).toMatchObject({
      outputs: [],
      run: {
        facets: {
          errorMessage: { message: expect.stringContaining('UNKNOWN_DATABASE'), programmingLanguage: 'TypeScript' },
        },
      },
    });
  });

  it('is told in order, and once, by a receiver that was away', async () => {
    receiver.answer(503);
    const { id: crawlerId } = await product.makeCrawler(1);
    const first = await product.runToItsEnd(crawlerId);
    const second = await product.runToItsEnd(crawlerId);
    await vi.waitFor(() => expect(told(first.id)).not.toEqual([]), SOON);
    expect(told(second.id)).toEqual([]);
    receiver.answer(200);
    await vi.waitFor(() => expect(types(second.id)).toEqual(['START', 'COMPLETE']), { ...SOON, timeout: 60_000 });
    expect(types(first.id)).toEqual(['START', 'COMPLETE']);
    const taken = receiver.received
      .filter(({ answered }) => answered === 200)
      .map(({ body }) => JSON.parse(body) as Told);
    const ours = taken.filter(({ run }) => [first.id, second.id].includes(run.runId)).map(({ run }) => run.runId);
    expect(ours).toEqual([first.id, first.id, second.id, second.id]);
  }, 120_000);

  it('that only planned is told to nobody', async () => {
    const { id: crawlerId } = await product.makeCrawler(1);
    const { body } = await product.call('POST', `/crawlers/${crawlerId}/plan`, {});
    await vi.waitFor(async () => {
      expect((await product.call('GET', `/runs/${body.runId}`)).body.endedAt).not.toBeNull();
    }, SOON);
    const after = await product.runToItsEnd(crawlerId);
    await vi.waitFor(() => expect(types(after.id)).toEqual(['START', 'COMPLETE']), SOON);
    expect(told(body.runId)).toEqual([]);
  });

  it('is told of in events as the specification has them', () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    formats.default(ajv);
    const valid = ajv.compile(RUN_EVENT);
    expect(receiver.received.length).toBeGreaterThan(10);
    for (const { body } of receiver.received) {
      expect(valid(JSON.parse(body)), `${JSON.stringify(valid.errors)} in ${body}`).toBe(true);
      expect(body).not.toContain(KEY);
    }
  });
});

describe('The receiver', () => {
  it('is none of the webhooks that people see', async () => {
    const { body } = await product.api.call('GET', '/webhooks', { as: product.people.tenantAdmin });
    expect(body.items).toEqual([]);
    const [row] = await product.rows<{ id: string }>('SELECT id FROM webhook');
    const answer = await product.api.call('GET', `/webhooks/${row?.id}`, { as: product.people.tenantAdmin });
    expect(answer.status).toBe(404);
  });

  it('that took nothing for a day goes on with what it is owed once it is set again, and is forgotten once it is not', async () => {
    const { database, secretKey } = product.api.context;
    const settings = { url: receiver.url, namespace: 'datamap-test' };
    await product.rows(
      `UPDATE webhook SET enabled = false, disabled_because = '{"code": "RECEIVER_REFUSED", "message": "x"}'`,
    );
    const { id: crawlerId } = await product.makeCrawler(1);
    const run = await product.runToItsEnd(crawlerId);
    expect(told(run.id)).toEqual([]);
    await product.rows(`UPDATE webhook_delivery SET status = 'failed', ended_at = now() WHERE run_id = ?`, run.id);
    await setReceiver(database, secretKey, settings);
    await product.runToItsEnd(crawlerId);
    await vi.waitFor(() => expect(types(run.id)).toEqual(['START', 'COMPLETE']), SOON);
    expect(receiver.received.at(-1)?.headers).not.toHaveProperty('authorization');

    await setReceiver(database, secretKey, undefined);
    expect(await product.rows('SELECT 1 FROM webhook_delivery')).toEqual([]);
  });
});
