import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDrainOutbox } from '../../activities/drain-outbox.js';
import { guarded } from '../../activities/guarded.js';
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
