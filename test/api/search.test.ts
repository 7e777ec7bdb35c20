import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { putMember } from '../../access/members.js';
import { drainOutbox } from '../../search/outbox.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { type ApiUnderTest, type People, populate, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let people: People;
let catalog: CrawledCatalog;

beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
  const source = new SyntheticSource(130, 3);
  catalog = await crawledCatalog(api.database, source);
  await putMember(api.database, catalog.workspaceId, people.viewer.personId, 'viewer');
  await catalog.crawl();
  source.edit(SyntheticSource.keyOf(7), (table) => ({
    comment: '=HYPERLINK("http://x.test"), she said',
    structure: {
      ...table.structure,
      columns: table.structure.columns.map((column, at) => (at === 3 ? { ...column, name: 'receiptEmail' } : column)),
    },
  }));
  await catalog.crawl();
  await drainOutbox(api.database, api.context.searchIndex, { limit: 1_000 });
});
afterAll(() => api.stop());

const get = (path: string, as = people.viewer) => api.call('GET', path, { as });

it('shows a column that was found as a field of its table', async () => {
  for (const path of ['/search?q=receipt_email', '/search?q=receipt_email&kind=field']) {
    const { body } = await get(path);
    expect(body.hits).toHaveLength(1);
    expect(body.hits[0]).toMatchObject({
      kind: 'field',
      document: { name: 'orders_7_daily', kind: 'table' },
      fields: [{ name: 'receiptEmail', ordinal: 4 }],
    });
  }
  expect((await get('/search?q=orders&kind=field')).body).toMatchObject({ hits: [], total: 0 });
  expect(await get('/search?q=x&kind=field&kind=table')).toMatchObject({
    status: 400,
    body: { code: 'INVALID_INPUT' },
  });
});

it('suggests the first hits of the same search, and nothing of others', async () => {
  for (const q of ['ord', 'orders 7', 'ordres 7', 'receipt em']) {
    const found = await get(`/search?limit=8&q=${encodeURIComponent(q)}`);
    const suggested = await get(`/search/suggestions?q=${encodeURIComponent(q)}`);
    expect(suggested.body.suggestions.map(({ id }: { id: string }) => id)).toEqual(
      found.body.hits.map(({ document }: { document: { id: string } }) => document.id),
    );
    expect(suggested.body.suggestions.length).toBeGreaterThan(0);
    expect((await get(`/search/suggestions?q=${encodeURIComponent(q)}`, people.outsider)).body.suggestions).toEqual([]);
  }
  expect((await get('/search/suggestions?q=receipt%20email')).body.suggestions[0]).toMatchObject({
    kind: 'field',
    field: 'receiptEmail',
    segments: [{ text: 'receiptEmail', match: true }],
  });
});

it('breaks a suggestion off that the browser has given up, and answers the next', async () => {
  const standing = async () => {
    const { rows } = await api.database.raw<{ rows: { n: number }[] }>(
      `SELECT count(*)::integer AS n FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%search_document%'`,
    );
    return rows[0]?.n;
  };
  await api.database.transaction(async (transaction) => {
    await transaction.raw('LOCK TABLE search_document IN ACCESS EXCLUSIVE MODE');
    const typed = new AbortController();
    const asked = fetch(`${api.url}/api/v1/search/suggestions?q=ord`, {
      headers: { authorization: `Bearer ${people.viewer.token}` },
      signal: typed.signal,
    });
    const failed = expect(asked).rejects.toThrow(/aborted/);
    await vi.waitFor(async () => expect(await standing()).toBe(1));
    typed.abort();
    await failed;
    await vi.waitFor(async () => expect(await standing()).toBe(0));
  });
  expect((await get('/search/suggestions?q=ord')).body.suggestions.length).toBeGreaterThan(0);
});

it('exports every hit once, in the order of the search, with no formula in it', async () => {
  const { text, status } = await get('/search/export.csv?kind=table');
  expect(status).toBe(200);
  const lines = text.replace('\ufeff', '').split('\r\n');
  expect(lines[0]).toMatch(/^kind,type,qualified_name,name/);
  expect(lines).toHaveLength(130 + 2);
  expect(new Set(lines.slice(1, -1).map((line) => line.split(',')[2])).size).toBe(130);
  const [edited] = lines.filter((line) => line.includes('HYPERLINK'));
  expect(edited).toContain(`"'=HYPERLINK(""http://x.test""), she said"`);
  expect((await get('/search/export.csv', people.outsider)).text.split('\r\n')).toHaveLength(2);
});

it('counts opened pages, and puts what is opened more before its equals', async () => {
  const first = (await get('/search?q=daily&limit=20')).body.hits.map(
    ({ document }: { document: { id: string } }) => document.id,
  );
  const last = first.at(-1) as string;
  for (const as of [people.viewer, people.viewer, people.tenantAdmin]) await get(`/entities/${last}`, as);
  const waiting = await catalog.rows('SELECT FROM search_outbox WHERE entity_id = ?', [last]);
  expect(waiting).toHaveLength(2);
  await drainOutbox(api.database, api.context.searchIndex, { limit: 1_000 });
  expect((await get('/search?q=daily&limit=1')).body.hits[0].document.id).toBe(last);
  await get(`/entities/${last}`, people.outsider);
  // Neither twice in a day by one person, nor by somebody who may not see it.
  expect(await catalog.rows('SELECT opens FROM entity_opens WHERE entity_id = ?', [last])).toEqual([{ opens: '2' }]);
});

it('keeps searches for their owner, and for a workspace they are shared with', async () => {
  const make = (body: unknown, as = people.viewer) => api.call('POST', '/saved-searches', { as, body });
  const made = await make({ name: 'Orders', query: { q: 'orders', type: ['TABLE'] } });
  expect(made).toMatchObject({ status: 201, body: { name: 'Orders', mine: true, workspaceId: null, version: 1 } });
  expect(await make({ name: 'Orders', query: {} })).toMatchObject({ status: 409, body: { code: 'NAME_TAKEN' } });
  expect(await make({ name: 'x', query: { colour: 'red' } })).toMatchObject({ status: 400 });
  const path = `/saved-searches/${made.body.id}`;
  expect(await get(path, people.developer)).toMatchObject({ status: 404 });
  expect((await get('/saved-searches', people.developer)).body.items).toEqual([]);

  const share = { workspaceId: people.workspaceId };
  expect(await api.call('PATCH', path, { as: people.viewer, body: share })).toMatchObject({ status: 428 });
  const edit = (as = people.viewer, body: unknown = share) =>
    api.call('PATCH', path, { as, body, headers: { 'If-Match': '"1"' } });
  expect(await edit()).toMatchObject({ status: 200, body: { version: 2, workspaceId: people.workspaceId } });
  expect(await edit()).toMatchObject({ status: 412 });

  expect((await get('/saved-searches', people.developer)).body.items).toMatchObject([{ name: 'Orders', mine: false }]);
  expect(await get(path, people.outsider)).toMatchObject({ status: 404 });
  expect(await edit(people.developer)).toMatchObject({ status: 404 });
  expect(await api.call('DELETE', path, { as: people.developer })).toMatchObject({ status: 404 });
  expect(await make({ name: 'y', query: {}, workspaceId: people.workspaceId }, people.outsider)).toMatchObject({
    status: 404,
  });
  expect(await api.call('DELETE', path, { as: people.viewer })).toMatchObject({ status: 204 });
  expect(await get(path)).toMatchObject({ status: 404 });
});

it('finds workspaces by name, of those that one is in, as they are called now', async () => {
  const names = (answer: { body: { workspaces: { name: string }[] } }) =>
    answer.body.workspaces.map(({ name }) => name);
  const { rows } = await api.database.raw<{ rows: { id: string }[] }>(
    `INSERT INTO workspace (name, description) VALUES
       ('Customer Analytics', 'Numbers for marketing'), ('customer', NULL), ('Marketing 市场部', NULL), ('Finance', NULL)
     RETURNING id`,
  );
  for (const { id } of rows.slice(0, 3)) await putMember(api.database, id, people.viewer.personId, 'viewer');
  const find = (q: string, as = people.viewer) => get(`/search?kind=workspace&q=${encodeURIComponent(q)}`, as);
  expect(names(await find('customer'))).toEqual(['customer', 'Customer Analytics']);
  expect(names(await find('custmer analytcs'))).toEqual(['Customer Analytics']);
  expect(names(await find('customeran'))[0]).toBe('Customer Analytics');
  expect(names(await find('market'))).toEqual(['Marketing 市场部', 'Customer Analytics']);
  expect(names(await find('市场'))).toEqual(['Marketing 市场部']);
  expect(names(await find('finance'))).toEqual([]);
  expect(names(await find('finance', people.tenantAdmin))).toEqual(['Finance']);
  expect(names(await find('customer', people.outsider))).toEqual([]);
  expect((await find('anal')).body).toMatchObject({
    hits: [],
    total: 1,
    workspaces: [{ segments: [{ text: 'Customer ' }, { text: 'Anal', match: true }, { text: 'ytics' }] }],
  });
  await api.database.raw(`UPDATE workspace SET name = 'Clients' WHERE name = 'customer'`);
  expect(names(await find('client'))).toEqual(['Clients']);

  const paged: string[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const { body } = await get(`/search?kind=workspace&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
    paged.push(...body.workspaces.map(({ name }: { name: string }) => name));
    cursor = body.nextCursor;
  }
  expect(paged).toEqual(names(await get('/search?kind=workspace&limit=100')));
  expect(paged.length).toBeGreaterThan(3);
  for (const query of ['kind=workspace&kind=table', 'kind=workspace&owner=x'])
    expect(await get(`/search?${query}`)).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT' } });
});

it('finds databases by name, and says of kinds that nothing is collected of that there is none', async () => {
  expect((await get('/search?q=shop&kind=database')).body).toMatchObject({
    total: 1,
    hits: [{ kind: 'database', document: { name: 'shop' } }],
  });
  expect((await get('/search?q=shop&kind=database', people.outsider)).body).toMatchObject({ total: 0, hits: [] });
  for (const kind of ['api', 'ai-asset'])
    expect(await get(`/search?kind=${kind}&owner=nobody`)).toMatchObject({
      status: 400,
      body: { code: 'INVALID_INPUT', detail: expect.stringContaining('are searched by themselves') },
    });
});
