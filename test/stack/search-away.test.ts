import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createMeilisearchIndex } from '../../search/meilisearch/adapter.js';
import { watermark } from '../../search/watermark.js';
import { SEARCH_OUTBOX } from '../../workflows/contract.js';
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
