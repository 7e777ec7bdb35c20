import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createMeilisearchIndex } from '../../search/meilisearch/adapter.js';
import { watermark } from '../../search/watermark.js';
import { crawlId, SEARCH_OUTBOX } from '../../workflows/contract.js';
import { type FakeMeilisearch, fakeMeilisearch } from '../fakes/meilisearch-server.js';
import { startWholeProduct, type WholeProduct } from './whole-product.js';

const TABLES = 1_200;
/** Of two databases, each with ten schemas. */
const ENTITIES = 2 * (TABLES + 11);

let engine: FakeMeilisearch;
let product: WholeProduct;
let searchIndex: ReturnType<typeof createMeilisearchIndex>;
beforeAll(async () => {
  engine = await fakeMeilisearch();
  searchIndex = createMeilisearchIndex({ url: engine.url });
  product = await startWholeProduct({ searchIndex });
});
afterAll(async () => {
  await product.stop();
  await searchIndex.close();
  await engine.stop();
});

const owed = (crawlerId: string) => product.rows('SELECT 1 FROM search_outbox WHERE crawler_id = ?', crawlerId);

it('a search engine that is away for a whole run: the run succeeds, says that search is behind, and search catches up by itself', async () => {
  const { id } = await product.makeCrawler(TABLES);
  const run = await product.runToItsEnd(id);
  expect(run).toMatchObject({ status: 'succeeded', counts: { added: 2 * TABLES }, error: null });
  expect(await owed(id)).toHaveLength(ENTITIES);

  const answer = await product.call('GET', `/runs/${run.id}`);
  expect(answer.body).toMatchObject({ searchableAt: null, waiting: [{ code: 'INDEX_BEHIND' }] });
  expect(await product.call('GET', '/search?q=orders')).toMatchObject({
    status: 503,
    body: { code: 'SEARCH_UNAVAILABLE' },
  });
  // What search says of itself once it answers: nothing is complete, and so much is on its way.
  expect(await watermark(product.api.database)).toMatchObject({
    completeUpToRun: null,
    indexing: [{ crawlerId: id, waiting: ENTITIES }],
  });

  await product.orchestrator.reconcile(async () => []);
  const upkeep = product.client.schedule.getHandle(SEARCH_OUTBOX);
  const { info } = await upkeep.describe();
  expect(info.nextActionTimes[0]?.getTime()).toBeLessThanOrEqual(Date.now() + 60_000);
  // Not to wait for the minute to be over.
  await upkeep.trigger();
  await engine.start();
  await vi.waitFor(
    async () => {
      expect(engine.documents.size).toBe(ENTITIES);
      expect(await owed(id)).toEqual([]);
      const { body } = await product.call('GET', `/runs/${run.id}`);
      expect(body).toMatchObject({ searchableAt: expect.any(String), waiting: [] });
      expect(await watermark(product.api.database)).toEqual({ completeUpToRun: run.number, indexing: [] });
    },
    { timeout: 60_000, interval: 200 },
  );
}, 120_000);

describe('a search engine that takes connections and says nothing', () => {
  beforeAll(() => {
    engine.silent = true;
  });

  it('does not hold a run: it ends in seconds, says that search is behind, and search catches up by itself', async () => {
    const { id } = await product.makeCrawler(50);
    const begun = Date.now();
    const run = await product.runToItsEnd(id);
    expect(run).toMatchObject({ status: 'succeeded', counts: { added: 100 }, error: null });
    expect(Date.now() - begun).toBeLessThan(40_000);
    const { body } = await product.call('GET', `/runs/${run.id}`);
    expect(body).toMatchObject({ searchableAt: null, waiting: [{ code: 'INDEX_BEHIND' }] });
    const log = await product.call('GET', `/runs/${run.id}/log?step=index&limit=100`);
    expect(log.body.lines.at(-1).message).toMatch(/cannot be reached.*; the outbox keeps what is not indexed/);
  }, 90_000);

  it('answers a search with 503 in seconds', async () => {
    const asked = Date.now();
    expect(await product.call('GET', '/search?q=orders')).toMatchObject({
      status: 503,
      body: { code: 'SEARCH_UNAVAILABLE' },
    });
    expect(Date.now() - asked).toBeLessThan(8_000);
  });

  it('does not keep a Stop from stopping', async () => {
    const { id } = await product.makeCrawler(50);
    const { body } = await product.call('POST', `/crawlers/${id}/runs`, {});
    const indexing = async () =>
      expect(await product.client.workflow.getHandle(crawlId(id)).query('progress')).toMatchObject({
        phase: 'indexing',
      });
    await vi.waitFor(indexing, { timeout: 20_000, interval: 50 });
    const asked = Date.now();
    await product.call('POST', `/runs/${body.runId}/stop`);
    await vi.waitFor(
      async () => expect((await product.call('GET', `/runs/${body.runId}`)).body.status).toBe('stopped'),
      { timeout: 20_000, interval: 50 },
    );
    expect(Date.now() - asked).toBeLessThan(5_000);
  }, 60_000);

  it('gets everything when it speaks again', async () => {
    engine.silent = false;
    await product.client.schedule.getHandle(SEARCH_OUTBOX).trigger();
    await vi.waitFor(async () => expect(await product.rows('SELECT 1 FROM search_outbox')).toEqual([]), {
      timeout: 60_000,
      interval: 200,
    });
  }, 90_000);
});
