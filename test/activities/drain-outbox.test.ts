import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createDrainOutbox } from '../../activities/drain-outbox.js';
import { guarded } from '../../activities/guarded.js';
import { retireBatch } from '../../catalog/retire/retire-batch.js';
import { createSearchIndex } from '../../search/create-index.js';
import { TURNS, takeTurn } from '../../search/turns.js';
import { crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

test('whoever waits for search that takes nothing goes on without it, and leaves what is owed', async () => {
  const map = await crawledCatalog(catalog.database, new SyntheticSource(20));
  await map.crawl();
  const owed = () => map.rows('SELECT 1 FROM search_outbox WHERE crawler_id = ?', [map.crawlerId]);
  const before = await owed();
  expect(before.length).toBeGreaterThan(20);
  const searchIndex = createSearchIndex({ database: catalog.database });
  const drain = createDrainOutbox({ ...map.context, searchIndex }, { patience: 300 });
  const { step } = guarded({ step: drain }, map.context.log);
  const turn = await takeTurn(catalog.database, TURNS.drain, { patience: 0 });
  try {
    const given = await new MockActivityEnvironment().run(step, { crawlerId: map.crawlerId }).catch((error) => error);
    expect(given).toBeInstanceOf(ApplicationFailure);
    expect(given).toMatchObject({ type: 'SEARCH_BEHIND', nonRetryable: true });
    expect(await owed()).toEqual(before);
  } finally {
    await turn?.end();
  }
  expect(await new MockActivityEnvironment().run(step, { crawlerId: map.crawlerId })).toBe(before.length);
  expect(await owed()).toEqual([]);
});

/** A crawler whose database is leaving, with nothing owed to search yet. */
async function leaving() {
  const map = await crawledCatalog(catalog.database, new SyntheticSource(20));
  await map.crawl();
  const step = createDrainOutbox({ ...map.context, searchIndex: createSearchIndex({ database: catalog.database }) });
  await new MockActivityEnvironment().run(step, { crawlerId: map.crawlerId });
  await map.rows('UPDATE collected_database SET retiring_at = now() WHERE crawler_id = ?', [map.crawlerId]);
  const found = async () =>
    (await map.rows(`SELECT 1 FROM search_document WHERE document ->> 'crawlerId' = ?`, [map.crawlerId])).length;
  return { map, step, found };
}

test('beside a removal it takes each batch out of search, and ends when the last has left', async () => {
  const { map, step, found } = await leaving();
  const all = await found();
  const environment = new MockActivityEnvironment();
  const draining = environment.run(step, { crawlerId: map.crawlerId, whileLeaving: true as const });
  expect(await retireBatch(map.database, map.crawlerId, 10)).toBe(10);
  await vi.waitFor(async () => expect(await found()).toBe(all - 10), { timeout: 10_000, interval: 50 });
  while ((await retireBatch(map.database, map.crawlerId, 10)) === 10);
  expect(await draining).toBe(all);
  expect(await found()).toBe(0);
});

test('beside a removal it ends at once when the worker is told to', async () => {
  const { map, step } = await leaving();
  const environment = new MockActivityEnvironment();
  const draining = environment
    .run(step, { crawlerId: map.crawlerId, whileLeaving: true as const })
    .catch((error) => error);
  await new Promise<void>((resolve) => environment.on('heartbeat', () => resolve()));
  const told = performance.now();
  environment.cancel('WORKER_SHUTDOWN');
  expect(await draining).toMatchObject({ message: 'WORKER_SHUTDOWN' });
  expect(performance.now() - told).toBeLessThan(1_000);
});
