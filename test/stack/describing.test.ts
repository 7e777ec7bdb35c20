import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { drainOutbox } from '../../search/outbox.js';
import { DESCRIBE_TABLES } from '../../workflows/contract.js';
import { MODEL_KEY, type ModelEndpoint, modelEndpoint } from '../fakes/model-endpoint.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { startWholeProduct, type WholeProduct } from './whole-product.js';

const SOON = { timeout: 40_000, interval: 100 };
/** In each of two databases. */
const TABLES = 4;
/** Of a table: the table itself, and two columns of it. */
const OBJECTS = 3;

let product: WholeProduct;
let endpoint: ModelEndpoint;
let source: SyntheticSource;
let crawlerId: string;
beforeAll(async () => {
  endpoint = await modelEndpoint();
  product = await startWholeProduct();
  crawlerId = (await product.makeCrawler(0)).id;
  source = new SyntheticSource(TABLES, 1);
  for (let index = 0; index < TABLES; index += 1) uncomment(index, 'text');
  product.connector = { ...source.connector(), listDatabases: async () => [{ name: 'shop' }, { name: 'sales' }] };
});
afterAll(async () => {
  await product.stop();
  await endpoint.stop();
});

function uncomment(index: number, type: string): void {
  const key = SyntheticSource.keyOf(index);
  source.edit(key, ({ structure }) => ({
    comment: undefined as never,
    structure: {
      ...structure,
      columns: ['id', 'weight'].map((name, place) => ({ name, ordinal: place + 1, type, nullable: true })),
    },
  }));
}

const asAdmin = (method: string, path: string, body?: object, headers?: Record<string, string>) =>
  product.api.call(method, path, {
    as: product.people.tenantAdmin,
    ...(body && { body }),
    ...(headers && { headers }),
  });

async function configure(change: object) {
  const { headers } = await asAdmin('GET', '/ai/settings');
  return asAdmin('PATCH', '/ai/settings', change, { 'If-Match': headers.get('etag') ?? '' });
}

interface Listed {
  id: string;
  entity: { id: string; name: string; database: string };
  column: string | null;
  description: string;
}

const listed = async (query = ''): Promise<Listed[]> =>
  (await product.call('GET', `/description-suggestions?${query}`)).body.items;

async function turnedOn(): Promise<void> {
  const { headers } = await product.call('GET', `/crawlers/${crawlerId}`);
  const etag = headers.get('etag') ?? '';
  const answer = await product.call('PATCH', `/crawlers/${crawlerId}`, { aiDescriptions: true }, { 'If-Match': etag });
  expect(answer).toMatchObject({ status: 200, body: { aiDescriptions: true } });
}

const suggestedAll = () => vi.waitFor(async () => expect(await listed()).toHaveLength(2 * TABLES * OBJECTS), SOON);
const one = async (name: string, column: string | null): Promise<Listed> => {
  const found = (await listed()).find((item) => item.entity.name === name && item.column === column);
  if (found === undefined) throw new Error(`Nothing is suggested for ${name} ${column}`);
  return found;
};

describe('before a model is configured', () => {
  it('nothing is asked, and each refusal says what to do', async () => {
    expect((await product.call('GET', '/ai/provider')).body).toMatchObject({ available: false, model: null });
    expect(await asAdmin('GET', '/ai/status')).toMatchObject({ body: { state: 'unconfigured' } });
    expect(await asAdmin('POST', '/ai/trial', {})).toMatchObject({
      status: 409,
      body: { code: 'MODEL_NOT_CONFIGURED' },
    });
    expect(await configure({ enabled: true })).toMatchObject({ status: 409, body: { code: 'MODEL_NOT_CONFIGURED' } });
    for (const url of ['ftp://models.example/v1', 'https://a:b@models.example/v1', 'https://models.example/v1?key=1'])
      expect(await configure({ url })).toMatchObject({ status: 400, body: { code: 'MODEL_URL_REFUSED' } });
    await product.runToItsEnd(crawlerId);
    expect(await listed()).toEqual([]);
  }, 60_000);

  it('is tried out before it is switched on, and tells what is wrong', async () => {
    await configure({ url: endpoint.url, model: 'fake-model', apiKey: 'sk-wrong-one' });
    expect(await asAdmin('POST', '/ai/trial', {})).toMatchObject({
      status: 200,
      body: { status: 'failed', failure: { code: 'MODEL_KEY_REFUSED', remedy: expect.any(String) } },
    });
    const settings = await configure({ apiKey: MODEL_KEY, requestsPerMinute: 6_000 });
    expect(settings.body).toMatchObject({ hasApiKey: true, enabled: false });
    expect(settings.text).not.toContain(MODEL_KEY);
    expect((await asAdmin('POST', '/ai/trial', {})).body).toMatchObject({
      status: 'succeeded',
      description: expect.stringContaining('book_loans'),
    });
    expect(await configure({ url: 'https://elsewhere.example/v1' })).toMatchObject({
      status: 400,
      body: { code: 'KEY_OF_OTHER_ADDRESS' },
    });
  }, 60_000);
});

describe('once it is switched on', () => {
  it('a run of a crawler that wants them is followed by suggestions, without a word of the key anywhere', async () => {
    await turnedOn();
    await configure({ enabled: true });
    await product.runToItsEnd(crawlerId);
    await suggestedAll();
    expect(await asAdmin('GET', '/ai/status')).toMatchObject({
      body: { state: 'idle', queue: { waiting: 0, failed: 0 }, today: { suggestions: 2 * TABLES * OBJECTS } },
    });
    const history = await product.client.workflow.getHandle(DESCRIBE_TABLES).fetchHistory();
    const kept =
      JSON.stringify(history) + product.api.log() + JSON.stringify(await product.rows('SELECT * FROM audit_event'));
    expect(kept).not.toContain(MODEL_KEY);
    expect(JSON.stringify(history)).not.toMatch(/orders_|weight/);
  }, 60_000);

  it('one is accepted as it is, one edited, one rejected: words of people with where they came from, and found', async () => {
    const table = await one('orders_0_daily', null);
    const accepted = await product.call('POST', `/description-suggestions/${table.id}/accept`, {});
    expect(accepted).toMatchObject({
      status: 200,
      body: {
        status: 'accepted',
        edited: false,
        decidedBy: { id: product.people.developer.personId },
        inputs: { table: 'orders_0_daily' },
      },
    });
    const path = `/entities/${table.entity.id}/annotation`;
    expect((await product.call('GET', path)).body).toMatchObject({
      description: table.description,
      origin: 'ai',
      editedBy: { id: product.people.developer.personId },
    });
    const column = (await listed(`entityId=${table.entity.id}`)).find((item) => item.column === 'weight');
    const edited = { description: 'Of the parcel in **zeppelins**' };
    expect(await product.call('POST', `/description-suggestions/${column?.id}/accept`, edited)).toMatchObject({
      body: { status: 'accepted', edited: true },
    });
    const edits = await product.call('GET', `/tables/${table.entity.id}/columns/weight/annotation/edits`);
    expect(edits.body.items).toMatchObject([{ version: 1, origin: 'ai', ...edited }]);
    const id = (await listed(`entityId=${table.entity.id}`)).find((item) => item.column === 'id');
    expect(
      await product.call('POST', `/description-suggestions/${id?.id}/reject`, { reason: 'Says nothing' }),
    ).toMatchObject({ body: { status: 'rejected', reason: 'Says nothing' } });
    await drainOutbox(product.api.database, product.api.context.searchIndex, { limit: 1_000 });
    const hits = (await product.call('GET', '/search?q=zeppelins')).body.hits;
    expect(hits.map((hit: { document: { id: string } }) => hit.document.id)).toEqual([table.entity.id]);
    // A person's edit is a person's.
    await product.call('PATCH', path, { description: 'Ours' }, { 'If-Match': '"1"' });
    expect((await product.call('GET', `${path}/edits`)).body.items).toMatchObject([
      { origin: 'person' },
      { origin: 'ai' },
    ]);
    expect(await product.call('POST', `/description-suggestions/${table.id}/accept`, {})).toMatchObject({
      status: 409,
      body: { code: 'SUGGESTION_NOT_OPEN' },
    });
  }, 60_000);

  it('words of a person take away what was suggested, and are never replaced', async () => {
    const table = await one('orders_1_daily', null);
    await product.call(
      'PATCH',
      `/entities/${table.entity.id}/annotation`,
      { description: 'Mine' },
      { 'If-Match': '"0"' },
    );
    expect(await product.call('GET', `/description-suggestions/${table.id}`)).toMatchObject({
      body: { status: 'overtaken' },
    });
    expect(await product.call('POST', `/description-suggestions/${table.id}/accept`, {})).toMatchObject({
      status: 409,
    });
    // Even where one is still open.
    await product.rows(`UPDATE description_suggestion SET status = 'open' WHERE id = ?`, table.id);
    expect(await product.call('POST', `/description-suggestions/${table.id}/accept`, {})).toMatchObject({
      status: 409,
      body: { code: 'DESCRIBED_BY_PERSON' },
    });
    await product.rows(`UPDATE description_suggestion SET status = 'overtaken' WHERE id = ?`, table.id);
    expect((await product.call('GET', `/entities/${table.entity.id}/annotation`)).body.description).toBe('Mine');
  }, 60_000);

  it('many are decided on at once, by ids and by a filter, each by itself', async () => {
    const { workspaceId, elsewhereId } = product.people;
    const before = await listed();
    const [first, second, third] = before;
    await product.call('POST', `/description-suggestions/${third?.id}/reject`, {});
    const some = await product.call('POST', '/description-decisions', {
      workspaceId,
      decision: 'accept',
      ids: [first?.id, second?.id, third?.id, '999999'],
    });
    expect(some.body).toMatchObject({ decided: [first?.id, second?.id], left: [{ id: third?.id }, { id: '999999' }] });
    expect(
      await product.api.call('POST', '/description-decisions', {
        as: product.people.outsider,
        body: { workspaceId: elsewhereId, decision: 'reject', ids: [before[3]?.id] },
      }),
    ).toMatchObject({ status: 200, body: { decided: [], left: [{ code: 'NOT_FOUND' }] } });
    const columns = await product.call('POST', '/description-decisions', {
      workspaceId,
      decision: 'reject',
      filter: { of: 'columns', confidence: ['high'] },
      reason: 'No columns',
    });
    expect(columns.body.more).toBe(false);
    expect(columns.body.decided.length).toBeGreaterThan(5);
    const left = await listed();
    expect(left.length).toBe(before.length - 3 - columns.body.decided.length);
    expect(left.every(({ column }) => column === null)).toBe(true);
    for (const wrong of [{}, { ids: ['1'], filter: {} }])
      expect(
        await product.call('POST', '/description-decisions', { workspaceId, decision: 'reject', ...wrong }),
      ).toMatchObject({ status: 400 });
  }, 60_000);

  it('what was rejected does not come back with a run, and a table that changed is asked about again', async () => {
    const before = endpoint.asked.length;
    const stale = await one('orders_3_daily', null);
    // The run sees the change while nothing is asked: what was suggested is out of date, whoever looks.
    await asAdmin('POST', '/ai/pause', {});
    uncomment(3, 'jsonb');
    await product.runToItsEnd(crawlerId);
    expect(await asAdmin('GET', '/ai/status')).toMatchObject({ body: { state: 'paused', queue: { crawlersDue: 1 } } });
    expect(await product.call('POST', `/description-suggestions/${stale.id}/accept`, {})).toMatchObject({
      status: 409,
      body: { code: 'SUGGESTION_STALE' },
    });
    expect((await asAdmin('POST', '/ai/resume', {})).status).toBe(200);
    await vi.waitFor(
      async () =>
        expect((await listed('of=columns')).map(({ entity }) => entity.name)).toEqual(Array(4).fill('orders_3_daily')),
      SOON,
    );
    expect(endpoint.asked.length - before).toBe(2);
    expect((await one('orders_3_daily', null)).id).not.toBe(stale.id);
  }, 90_000);

  it('a table is asked about anew on request, where its crawler wants it', async () => {
    const table = await one('orders_3_daily', null);
    const path = `/entities/${table.entity.id}/description-suggestions`;
    endpoint.next({ say: () => ({ table: { description: 'Better words for it.', confidence: 'low' }, columns: [] }) });
    expect(await product.call('POST', path, {})).toMatchObject({ status: 202 });
    await vi.waitFor(async () => {
      const { items, asking } = (await product.call('GET', path)).body;
      expect(asking).toMatchObject({ status: 'done' });
      expect(items.map((item: Listed) => item.column).sort()).toEqual(['id', 'weight', null].sort());
      expect(items.find((item: Listed) => item.column === null)).toMatchObject({ description: 'Better words for it.' });
    }, SOON);
    await product.rows('UPDATE crawler SET ai_descriptions = false');
    expect(await product.call('POST', path, {})).toMatchObject({ status: 409, body: { code: 'AI_DESCRIPTIONS_OFF' } });
  }, 60_000);
});
