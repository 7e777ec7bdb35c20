import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GroupUnknown } from '../../../catalog/groups/errors.js';
import {
  createTest,
  finishTest,
  getTest,
  markTestRunning,
  putTestStep,
} from '../../../catalog/jobs/connection-tests.js';
import { createListing, finishListing, getListing } from '../../../catalog/jobs/database-listings.js';
import { updateSource } from '../../../catalog/sources/write-sources.js';
import { NotFound } from '../../../db/refusals.js';
import { testDatabase } from '../../servers/test-database.js';
import { installation, secretKey, shopType } from '../installation.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let place: Awaited<ReturnType<typeof installation>>;
beforeAll(async () => {
  catalog = await testDatabase();
  place = await installation(catalog.database);
});
afterAll(() => catalog.drop());

async function queuedTest() {
  const source = await place.addSource();
  const testId = randomUUID();
  const created = await createTest(catalog.database, {
    testId,
    dataSourceId: source.id,
    resourceGroupId: 'default',
    requestedBy: place.personId,
  });
  return { source, testId, created };
}

test('a connection test goes from queued to its result, each step in the place where it began', async () => {
  const { source, testId, created } = await queuedTest();
  expect(created).toMatchObject({
    id: testId,
    workspaceId: place.workspaceId,
    status: 'queued',
    steps: [],
    stale: false,
    requestedBy: place.personId,
  });
  expect(await markTestRunning(catalog.database, testId, 'worker-2')).toBe(true);
  const put = (step: Parameters<typeof putTestStep>[2]) => putTestStep(catalog.database, testId, step);
  await put({ id: 'tcp_connect', state: 'running' });
  await put({ id: 'authenticate', state: 'running' });
  await put({ id: 'tcp_connect', state: 'passed', duration: 12, detail: { address: '10.0.0.1' } });
  await put({ id: 'authenticate', state: 'failed', code: 'BAD_CREDENTIALS', message: 'no', remedy: 'Set it.' });
  await finishTest(catalog.database, testId, 'failed');
  const ended = await getTest(catalog.database, testId);
  expect(ended).toMatchObject({
    dataSourceId: source.id,
    status: 'failed',
    worker: 'worker-2',
    endedAt: expect.any(Date),
    steps: [
      { id: 'tcp_connect', state: 'passed', duration: 12, detail: { address: '10.0.0.1' } },
      { id: 'authenticate', state: 'failed', code: 'BAD_CREDENTIALS', message: 'no', remedy: 'Set it.' },
    ],
  });
});

test('what a step says holds no secret', async () => {
  const { testId } = await queuedTest();
  await putTestStep(
    catalog.database,
    testId,
    { id: 'authenticate', state: 'failed', message: 'hunter22 refused for mysql://a:b@c', detail: { password: 'x\0' } },
    ['hunter22'],
  );
  expect((await getTest(catalog.database, testId)).steps[0]).toMatchObject({
    message: '*** refused for mysql://a:***@c',
    detail: { password: '***' },
  });
});

test('a second attempt starts the steps over, and a test that was cancelled stays so', async () => {
  const { testId } = await queuedTest();
  await markTestRunning(catalog.database, testId, 'one');
  await putTestStep(catalog.database, testId, { id: 'worker', state: 'passed' });
  await markTestRunning(catalog.database, testId, 'two');
  expect(await getTest(catalog.database, testId)).toMatchObject({ worker: 'two', steps: [] });
  await finishTest(catalog.database, testId, 'cancelled');
  await putTestStep(catalog.database, testId, { id: 'worker', state: 'passed' });
  await finishTest(catalog.database, testId, 'passed');
  expect(await markTestRunning(catalog.database, testId, 'three')).toBe(false);
  expect(await getTest(catalog.database, testId)).toMatchObject({ status: 'cancelled', worker: 'two', steps: [] });
});

test('a test is stale once its data source was changed', async () => {
  const { source, testId } = await queuedTest();
  const context = { secretKey, type: shopType };
  await updateSource(catalog.database, context, source.id, { version: 1, config: { host: 'other' } });
  expect((await getTest(catalog.database, testId)).stale).toBe(true);
});

test('a job needs a data source and a group that exist', async () => {
  const { id: dataSourceId } = await place.addSource();
  const test_ = { testId: randomUUID(), dataSourceId, resourceGroupId: 'default' };
  await expect(createTest(catalog.database, { ...test_, resourceGroupId: 'none' })).rejects.toThrow(GroupUnknown);
  await expect(createTest(catalog.database, { ...test_, dataSourceId: randomUUID() })).rejects.toThrow(NotFound);
  await expect(getTest(catalog.database, randomUUID())).rejects.toThrow(NotFound);
  const listing = { listingId: randomUUID(), dataSourceId, resourceGroupId: 'default' };
  await expect(createListing(catalog.database, { ...listing, resourceGroupId: 'none' })).rejects.toThrow(GroupUnknown);
  await expect(createListing(catalog.database, { ...listing, dataSourceId: randomUUID() })).rejects.toThrow(NotFound);
  await expect(getListing(catalog.database, randomUUID())).rejects.toThrow(NotFound);
});

test('a listing names the crawler that owns each database', async () => {
  const source = await place.addSource();
  const crawler = await place.addCrawler({ source, databases: ['shop'] });
  const listingId = randomUUID();
  await createListing(catalog.database, { listingId, dataSourceId: source.id, resourceGroupId: 'default' });
  expect(await getListing(catalog.database, listingId)).toMatchObject({ status: 'queued', databases: [] });
  await finishListing(catalog.database, listingId, {
    databases: [
      { name: 'shop', comment: 'literal \\u0000' },
      { name: 'locked', unavailable: 'GRANT CONNECT' },
      { name: 'sys', system: true },
    ],
  });
  await finishListing(catalog.database, listingId, { error: { code: 'LATE', message: 'late' } });
  expect(await getListing(catalog.database, listingId)).toMatchObject({
    status: 'done',
    workspaceId: place.workspaceId,
    error: null,
    databases: [
      { name: 'locked', unavailable: 'GRANT CONNECT', ownedBy: null },
      {
        name: 'shop',
        comment: 'literal \\u0000',
        ownedBy: { crawlerId: crawler.id, name: crawler.name, workspaceId: place.workspaceId },
      },
      { name: 'sys', system: true, ownedBy: null },
    ],
  });
});

test('a listing that failed says why, without secrets', async () => {
  const source = await place.addSource();
  const listingId = randomUUID();
  await createListing(catalog.database, { listingId, dataSourceId: source.id, resourceGroupId: 'default' });
  await finishListing(catalog.database, listingId, {
    error: { code: 'BAD_CREDENTIALS', message: 'password=hunter22 refused', remedy: 'Set it.' },
  });
  expect(await getListing(catalog.database, listingId)).toMatchObject({
    status: 'failed',
    databases: [],
    error: { code: 'BAD_CREDENTIALS', message: 'password=*** refused', remedy: 'Set it.' },
  });
});
