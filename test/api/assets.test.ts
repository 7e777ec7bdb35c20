import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putMember } from '../../access/members.js';
import { indexAssets } from '../../search/index-assets.js';
import type { CrawledCatalog } from '../fakes/crawled-catalog.js';
import { runEvent, tell } from '../lineage/told-events.js';
import { type ApiUnderTest, type Caller, type People, populate, startApi } from './api-under-test.js';
import { twoWorkspaces } from './two-workspaces.js';

let api: ApiUnderTest;
let people: People;
let ours: CrawledCatalog;
let theirs: CrawledCatalog;
/** Names of a table of ours, as events name it. */
let mine: (place: number) => string;

const ORDERS = {
  openapi: '3.1.0',
  info: { title: 'Orders of customers', version: '2.4.1', description: 'What was ordered.' },
  servers: [{ url: 'https://orders.example/v2' }],
  paths: {
    '/orders': {
      summary: 'All orders',
      get: {
        operationId: 'listOrders',
        summary: 'List orders',
        description: 'Newest first. 订单列表',
        tags: ['reading'],
      },
      post: { operationId: 'placeOrder', summary: 'Place an order', deprecated: true },
    },
    '/customers/{id}/invoices': { get: { operationId: 'invoicesOfCustomer' } },
    '/elsewhere': { $ref: 'elsewhere.json' },
  },
};

beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
  ({ ours, theirs, mine } = await twoWorkspaces(api, people.viewer));
  await putMember(api.database, ours.workspaceId, people.developer.personId, 'developer');
});
afterAll(() => api.stop());

const at = (name: string, catalog = ours) => `/workspaces/${catalog.workspaceId}/api-documents/${name}`;
const search = async (query: string, as: Caller = people.viewer) => {
  const answer = await api.call('GET', `/search?${query}`, { as });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
};
const apis = async (q: string, as?: Caller): Promise<string[]> =>
  (await search(`kind=api&q=${encodeURIComponent(q)}`, as)).apis.map(({ name }: { name: string }) => name);

describe('An OpenAPI document', () => {
  beforeAll(async () => {
    expect((await api.call('PUT', at('orders'), { as: people.developer, body: ORDERS })).status).toBe(200);
  });

  it('is read back as it was given, with what was made of it, and listed', async () => {
    const { body } = await api.call('GET', at('orders'), { as: people.viewer });
    expect(body).toMatchObject({
      name: 'orders',
      title: 'Orders of customers',
      apiVersion: '2.4.1',
      openapi: '3.1.0',
      servers: ['https://orders.example/v2'],
      operations: 3,
      document: ORDERS,
    });
    const listed = await api.call('GET', '/api-documents', { as: people.viewer });
    expect(listed.body.items).toMatchObject([{ workspaceId: ours.workspaceId, name: 'orders', operations: 3 }]);
    expect(listed.body.items[0]).not.toHaveProperty('document');
  });

  it('is found by the paths, ids, words and misspelt names of its operations, names first', async () => {
    expect(await apis('listOrders')).toEqual(['GET /orders']);
    expect((await apis('GET /orders'))[0]).toBe('GET /orders');
    expect(await apis('invoic')).toEqual(['GET /customers/{id}/invoices']);
    expect(await apis('custmer invioces')).toEqual(['GET /customers/{id}/invoices']);
    expect((await apis('order')).slice(0, 2).sort()).toEqual(['GET /orders', 'POST /orders']);
    expect(await apis('newest')).toEqual(['GET /orders']);
    expect(await apis('订单')).toEqual(['GET /orders']);
    expect(await apis('nothing of the kind')).toEqual([]);
    expect((await apis('')).sort()).toEqual(['GET /customers/{id}/invoices', 'GET /orders', 'POST /orders']);
    const { apis: found, hits, total } = await search('kind=api&q=placeorder');
    expect({ found, hits, total }).toMatchObject({
      hits: [],
      total: 1,
      found: [
        {
          method: 'POST',
          path: '/orders',
          operationId: 'placeOrder',
          summary: 'Place an order',
          tags: [],
          deprecated: true,
          document: { name: 'orders', title: 'Orders of customers', version: '2.4.1' },
          workspace: { id: ours.workspaceId },
        },
      ],
    });
    expect((await search('kind=api&q=invoices')).apis[0].segments).toContainEqual({ text: 'invoices', match: true });
    expect((await api.call('GET', `/apis/${found[0].id}`, { as: people.viewer })).body).toMatchObject({
      name: 'POST /orders',
      deprecated: true,
    });
  });

  it('is gone through page by page, none missing and none twice', async () => {
    const seen: string[] = [];
    for (let cursor = ''; ; ) {
      const page = await search(`kind=api&q=customer&limit=1${cursor}`);
      seen.push(...page.apis.map(({ name }: { name: string }) => name));
      if (page.nextCursor === undefined) break;
      cursor = `&cursor=${page.nextCursor}`;
    }
    // The title of the document speaks of customers.
    expect(seen).toHaveLength(3);
    expect(seen[0]).toBe('GET /customers/{id}/invoices');
    expect(new Set(seen).size).toBe(3);
  });

  it('is for the members of its workspace alone, and given by those who may develop there', async () => {
    expect(await apis('orders', people.outsider)).toEqual([]);
    const [{ id }] = (await search('kind=api&q=listOrders')).apis;
    for (const path of [at('orders'), `/apis/${id}`])
      expect((await api.call('GET', path, { as: people.outsider })).status).toBe(404);
    expect((await api.call('GET', '/api-documents', { as: people.outsider })).body.items).toEqual([]);
    expect((await api.call('PUT', at('mine'), { as: people.viewer, body: ORDERS })).status).toBe(403);
    expect((await api.call('DELETE', at('orders'), { as: people.viewer })).status).toBe(403);
    expect((await api.call('DELETE', at('orders'), { as: people.outsider })).status).toBe(404);
    const narrowed = await search(`kind=api&q=orders&workspaceId=${theirs.workspaceId}`);
    expect(narrowed).toMatchObject({ total: 0, apis: [] });
  });

  it('replaces the one of its name: what stays keeps its id, what is gone is found no more', async () => {
    const [before] = (await search('kind=api&q=listOrders')).apis;
    const { post: _, ...left } = ORDERS.paths['/orders'];
    const body = { ...ORDERS, paths: { '/orders': left, '/refunds': { post: { operationId: 'refund' } } } };
    expect((await api.call('PUT', at('orders'), { as: people.developer, body })).body).toMatchObject({ operations: 2 });
    expect(await apis('placeOrder')).toEqual([]);
    expect(await apis('refund')).toEqual(['POST /refunds']);
    const [after] = (await search('kind=api&q=listOrders')).apis;
    expect(after).toEqual(before);
    expect((await api.call('DELETE', at('orders'), { as: people.developer })).status).toBe(204);
    expect(await apis('')).toEqual([]);
    expect((await api.call('DELETE', at('orders'), { as: people.developer })).status).toBe(404);
  });

  it('may have names as long as they can be', async () => {
    const body = {
      ...ORDERS,
      openapi: '3.2.0',
      paths: {
        [`/${'单'.repeat(499)}`]: { query: { operationId: '订'.repeat(333), description: 'a'.repeat(40_000) } },
      },
    };
    expect((await api.call('PUT', at('long'), { as: people.developer, body })).body).toMatchObject({ operations: 1 });
    expect(await apis('单单')).toEqual([`QUERY /${'单'.repeat(499)}`]);
    expect((await api.call('DELETE', at('long'), { as: people.developer })).status).toBe(204);
  });

  it('may be of Swagger 2.0', async () => {
    const swagger = {
      swagger: '2.0',
      info: { title: 'Old', version: '1' },
      host: 'old.example',
      basePath: '/api',
      paths: { '/things': { get: { summary: 'Things' } } },
    };
    const { body } = await api.call('PUT', at('old one'.replace(' ', '%20')), { as: people.developer, body: swagger });
    expect(body).toMatchObject({
      name: 'old one',
      openapi: '2.0',
      servers: ['https://old.example/api'],
      operations: 1,
    });
  });

  it.each([
    ['of no version', { info: { title: 'a', version: '1' }, paths: { '/a': { get: {} } } }, 'openapi', 'which version'],
    ['of another version', { ...ORDERS, openapi: '4.0.0' }, 'openapi', '3.0, 3.1 or 3.2'],
    ['without a title', { ...ORDERS, info: { version: '1' } }, 'info.title', ''],
    ['without operations', { ...ORDERS, paths: { '/a': {} } }, 'paths', 'no operation'],
    ['with a path that begins with no slash', { ...ORDERS, paths: { a: { get: {} } } }, 'paths.a', 'slash'],
    [
      'with a path of too many bytes',
      { ...ORDERS, paths: { [`/${'单'.repeat(600)}`]: { get: {} } } },
      'paths',
      'bytes',
    ],
    ['with a path that cannot be stored', { ...ORDERS, paths: { '/a\0': { get: {} } } }, 'paths', 'control'],
    [
      'with one id for two operations',
      { ...ORDERS, paths: { '/a': { get: { operationId: 'x' }, put: { operationId: 'x' } } } },
      'operationId',
      'GET /a',
    ],
  ])('%s is refused with the place that is wrong', async (_, body, place, why) => {
    const { status, text } = await api.call('PUT', at('wrong'), { as: people.developer, body });
    expect(status).toBe(400);
    expect(text).toContain(place);
    expect(text).toContain(why);
    expect((await api.call('GET', at('wrong'), { as: people.developer })).status).toBe(404);
  });
});

describe('An AI asset', () => {
  const names = async (q: string, as?: Caller): Promise<string[]> =>
    (await search(`kind=ai-asset&q=${q}`, as)).aiAssets.map(({ name }: { name: string }) => name);
  const model = (said: Record<string, unknown> = {}, type = 'MODEL') => ({
    datasetType: { datasetType: type, subType: 'gradient boosting' },
    ...said,
  });
  const told = async (events: Parameters<typeof runEvent>[0][], workspaceId: string | null = ours.workspaceId) => {
    await tell(api.database, events.map(runEvent), { workspaceId });
    while (await indexAssets(api.database, 1));
  };

  beforeAll(() =>
    told([
      {
        job: 'train churn',
        at: '2026-11-02T10:00:00Z',
        inputs: [mine(0)],
        outputs: [
          [
            'mlflow://models.example customer_churn',
            model({
              documentation: { description: 'Says who is about to leave.' },
              ownership: { owners: [{ name: 'team:growth', type: 'MAINTAINER' }, { name: 7 }, 'nobody'] },
              version: { datasetVersion: '12' },
            }),
          ],
          ['s3://lake scores', { datasetType: { datasetType: 'FILE' } }],
        ],
      },
    ]),
  );

  it('is a data set that events call a model, found by name, words and owners, with what they say of it', async () => {
    const { aiAssets } = await search('kind=ai-asset&q=customer%20churn');
    expect(aiAssets).toMatchObject([
      {
        namespace: 'mlflow://models.example',
        name: 'customer_churn',
        type: 'MODEL',
        subType: 'gradient boosting',
        version: '12',
        description: 'Says who is about to leave.',
        owners: ['team:growth'],
        workspace: { id: ours.workspaceId },
      },
    ]);
    for (const q of ['custmer', 'churn', 'leave', 'growth', 'boosting', 'mlflow', ''])
      expect(await names(q), q).toEqual(['customer_churn']);
    const { body } = await api.call('GET', `/ai-assets/${aiAssets[0].id}`, { as: people.viewer });
    expect(body).toMatchObject({ name: 'customer_churn', version: '12' });
    expect((await api.call('GET', `/apis/${aiAssets[0].id}`, { as: people.viewer })).status).toBe(404);
  });

  it('is for the members of the workspace whose events told it; of the whole tenant for its admins', async () => {
    const [{ id }] = (await search('kind=ai-asset')).aiAssets;
    expect(await names('', people.outsider)).toEqual([]);
    expect((await api.call('GET', `/ai-assets/${id}`, { as: people.outsider })).status).toBe(404);
    await told([{ job: 'train all', outputs: [['mlflow://models.example tenant_wide', model()]] }], null);
    expect(await names('tenant_wide')).toEqual([]);
    expect(await names('tenant_wide', people.tenantAdmin)).toEqual(['tenant_wide']);
  });

  it('is as the latest event says, whatever comes in which order, and no more when it is no model any more', async () => {
    const named = 'mlflow://models.example fraud';
    const at = (hour: number) => `2026-11-03T${hour}:00:00Z`;
    const event = (hour: number, facets: Record<string, unknown>) => ({
      job: 'train fraud',
      at: at(hour),
      outputs: [[named, facets] as [string, Record<string, unknown>]],
    });
    await told([
      event(12, model({ version: { datasetVersion: '2' } })),
      event(11, model({ version: { datasetVersion: '1' } })),
    ]);
    const [found] = (await search('kind=ai-asset&q=fraud')).aiAssets;
    expect(found).toMatchObject({ version: '2' });
    await told([event(13, model({ version: { datasetVersion: '2' } }))]);
    expect((await search('kind=ai-asset&q=fraud')).aiAssets).toEqual([found]);
    await told([event(10, { datasetType: { datasetType: 'TABLE' } })]);
    expect(await names('fraud')).toEqual(['fraud']);
    await told([event(14, { datasetType: { datasetType: 'TABLE' } })]);
    expect(await names('fraud')).toEqual([]);
    await told([event(15, { datasetType: { datasetType: { odd: true } }, ownership: { owners: 'all' } })]);
    expect(await names('fraud')).toEqual([]);
  });

  it('is no table of the map, whatever events call one', async () => {
    await told([{ job: 'odd', outputs: [[mine(1), model()]] }]);
    expect(await names('orders')).toEqual([]);
  });
});
