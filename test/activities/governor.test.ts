import { randomUUID } from 'node:crypto';
import { ApplicationFailureCategory } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCollectUnit } from '../../activities/collect-unit.js';
import { guarded } from '../../activities/guarded.js';
import { createListDatabases } from '../../activities/list-databases.js';
import { createListing } from '../../catalog/jobs/database-listings.js';
import { crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

test('quiet hours that begin during a crawl end it after the page in work, and it goes on there', async () => {
  const source = new SyntheticSource(3_000);
  const map = await crawledCatalog(catalog.database, source);
  await map.rows(
    'UPDATE data_source SET limits = ? FROM crawler c WHERE c.data_source_id = data_source.id AND c.id = ?',
    [JSON.stringify({ quietHours: { from: '01:00', to: '05:00', timeZone: 'UTC' } }), map.crawlerId],
  );
  let now = new Date('2026-01-15T00:59:00Z');
  source.faults = {
    beforePage: (page) => {
      if (page === 1) now = new Date('2026-01-15T01:00:00Z');
    },
  };
  const ref = await map.openRun();
  const collect = createCollectUnit({ ...map.context, now: () => now });
  const rested = await new MockActivityEnvironment().run(collect, ref);
  expect(rested).toMatchObject({
    yielded: { reason: 'quiet hours', until: '2026-01-15T05:00:00.000Z', attempts: 1 },
  });
  expect(await map.rows('SELECT 1 FROM source_lease')).toEqual([]);
  now = new Date('2026-01-15T05:00:00Z');
  source.faults = {};
  const after = await new MockActivityEnvironment().run(collect, { ...ref, attemptsBefore: 1 });
  expect(after).not.toHaveProperty('yielded');
  expect(await map.publish(ref)).toMatchObject({ added: 3_000 });
  expect(new Set(source.pagesRead.flat()).size).toBe(3_000);
});

test('a listing that finds no free connection says within seconds who holds them', async () => {
  const map = await crawledCatalog(catalog.database, new SyntheticSource(1));
  const { runId } = await map.openRun();
  const [source] = await map.rows<{ id: string }>(
    `UPDATE data_source SET limits = '{"maxConnections": 1}' FROM crawler c
      WHERE c.data_source_id = data_source.id AND c.id = ? RETURNING data_source.id`,
    [map.crawlerId],
  );
  const dataSourceId = source?.id ?? '';
  await map.rows(
    `INSERT INTO source_lease (source_type, instance, data_source_id, run_id, worker, expires_at)
     SELECT type, instance, id, ?::uuid, 'w-1', clock_timestamp() + interval '1 hour' FROM data_source WHERE id = ?`,
    [runId, dataSourceId],
  );
  const listingId = randomUUID();
  await createListing(catalog.database, { listingId, dataSourceId, resourceGroupId: 'default' });
  const { list } = guarded({ list: createListDatabases(map.context) }, map.context.log);
  const request = { listingId, dataSourceId, dataSourceName: 'shop', resourceGroup: 'default' };
  await expect(new MockActivityEnvironment().run(list, request)).rejects.toMatchObject({
    type: 'SOURCE_BUSY',
    message: expect.stringContaining('by crawler shop'),
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: 4_000,
  });
}, 20_000);
