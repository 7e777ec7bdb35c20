import { afterAll, beforeAll, expect, it } from 'vitest';
import { putMember } from '../../access/members.js';
import { finishLookup } from '../../catalog/refresh/lookups.js';
import { drainOutbox } from '../../search/outbox.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { createFakeOrchestrator } from '../fakes/fake-orchestrator.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { type ApiUnderTest, type People, populate, serveGroup, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let people: People;
let catalog: CrawledCatalog;
/** What the worker would hear of the source. */
let atSource: Parameters<typeof finishLookup>[2] = { status: 'found' };

beforeAll(async () => {
  const fake = createFakeOrchestrator();
  api = await startApi({
    context: {
      orchestrator: {
        ...fake,
        lookUpTable: async ({ lookupId }) => finishLookup(api.database, lookupId, atSource),
      },
    },
  });
  people = await populate(api);
  await serveGroup(api);
  catalog = await crawledCatalog(api.database, new SyntheticSource(6, 2));
  await putMember(api.database, catalog.workspaceId, people.viewer.personId, 'viewer');
  await catalog.crawl();
});
afterAll(() => api.stop());

const diagnose = async (name: string, as = people.viewer) =>
  (await api.call('GET', `/diagnose?name=${encodeURIComponent(name)}`, { as })).body;
const states = (answer: { steps: { id: string; state: string }[] }) =>
  Object.fromEntries(answer.steps.map(({ id, state }) => [id, state]));

it('names the first thing that keeps a table from being found, and what to do', async () => {
  const table = 'shop.area_1.orders_1_daily';
  const unindexed = await diagnose(table);
  expect(unindexed).toMatchObject({ verdict: 'not-indexed', remedy: expect.any(String) });
  expect(states(unindexed)).toEqual({
    'in-scope': 'passed',
    'at-source': 'passed',
    collected: 'passed',
    visible: 'passed',
    indexed: 'failed',
  });
  await drainOutbox(api.database, api.context.searchIndex, { limit: 1_000 });
  expect(await diagnose(table)).toMatchObject({ verdict: 'findable', entityId: expect.any(String) });
  atSource = { status: 'absent' };
  expect(await diagnose(table)).toMatchObject({ verdict: 'not-at-source', remedy: expect.stringContaining('refresh') });
  atSource = { status: 'failed', failure: { code: 'CONNECTION_REFUSED', message: 'db.example refuses connections' } };
  expect(await diagnose(table)).toMatchObject({
    verdict: 'source-not-asked',
    message: expect.stringContaining('refuses connections'),
  });
  atSource = { status: 'found' };
  expect(await diagnose('shop.area_1.made_today')).toMatchObject({
    verdict: 'not-collected',
    remedy: expect.stringMatching(/crawler|Refresh/),
  });
});

it('says the same of what is hidden as of what is not there, and asks no source', async () => {
  const absent = await diagnose('nowhere.area_1.orders_1_daily', people.outsider);
  const hidden = await diagnose('shop.area_1.orders_1_daily', people.outsider);
  expect({ ...hidden, name: '' }).toEqual({ ...absent, name: '' });
  expect(hidden).toMatchObject({ verdict: 'not-visible-or-not-there', steps: [] });
});

it('tells what a name may mean that several tables have', async () => {
  const other = await crawledCatalog(api.database, new SyntheticSource(6, 2));
  await putMember(api.database, other.workspaceId, people.viewer.personId, 'viewer');
  await other.crawl();
  expect(await diagnose('shop.area_1.orders_1_daily')).toMatchObject({
    verdict: 'ambiguous',
    candidates: [expect.any(String), expect.any(String)],
  });
});
