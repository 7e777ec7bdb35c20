import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { allRoutes } from '../../api/routes/index.js';
import { drainOutbox } from '../../search/outbox.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { readEventStream } from '../fakes/event-stream.js';
import { seeded } from '../fakes/seeded.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { type ApiUnderTest, type Caller, startApi } from './api-under-test.js';
import type { Answer } from './declared-shapes.js';

/** Everything random hangs on it: set DATAMAP_TEST_SEED to the printed one to see the same again. */
const SEED = Number(process.env.DATAMAP_TEST_SEED ?? randomInt(2 ** 31));
const random = seeded(SEED);
const FACETS = 'kind,type,sourceType,dataSourceId,workspaceId,database,schema,owner,hasDescription';
/** A word that stands in the comments of one database alone, and what a person may mistype it as. */
const WORDS = [
  ['acquisition', 'acquisitoin'],
  ['layoffplan', 'layofplan'],
  ['bankruptcy', 'bankrupcty'],
  ['settlement', 'setlement'],
] as const;

/** Previews, which change nothing, signing in and out, and events of jobs, of which each row has who sent it. */
const UNAUDITED = [
  'DELETE /session',
  'POST /crawlers/:id/scope-preview',
  'POST /lineage',
  'POST /lineage/batch',
  'POST /lineage/hive',
  'POST /schedules/preview',
  'POST /session',
  'POST /session/link',
];

interface Hidden extends CrawledCatalog {
  word: string;
  misspelt: string;
  runId: string;
  entities: { id: string; kind: string; guid: string }[];
}

let api: ApiUnderTest;
let admin: Caller;
let people: Caller[];
let catalogs: Hidden[];
/** Of the last event before any of it was there. */
let firstId: string;
/** A public collection that holds everything. */
let collectionId: string;

beforeAll(async () => {
  console.log(`Seed ${SEED}`);
  api = await startApi();
  admin = await api.person('Admin', { tenant: 'admin' });
  people = [await api.person('One'), await api.person('Two'), await api.person('Three')];
  catalogs = [];
  const { until, leave } = await readEventStream(`${api.url}/api/v1/events`, {
    authorization: `Bearer ${admin.token}`,
  });
  firstId = (await until(({ event }) => event === 'hello')).id ?? '';
  leave();
  for (const [word, misspelt] of WORDS) {
    const source = new SyntheticSource(2 + Math.floor(random() * 3), 1);
    source.edit(SyntheticSource.keyOf(0), () => ({ comment: word }));
    const catalog = await crawledCatalog(api.database, source);
    const { runId } = await catalog.crawl();
    const entities = await catalog.rows<{ id: string; kind: string; guid: string }>(
      'SELECT id, kind, guid FROM entity WHERE collected_database_id = ?',
      [catalog.collectedDatabaseId],
    );
    catalogs.push({ ...catalog, word, misspelt, runId, entities });
  }
  await drainOutbox(api.database, api.context.searchIndex, { limit: 1_000 });
  const made = await api.call('POST', '/collections', { as: admin, body: { name: 'All', visibility: 'public' } });
  collectionId = made.body.id;
  const items = catalogs.flatMap(({ entities }) => entities.map(({ id }) => ({ id, note: 'kept' })));
  const { body } = await api.call('POST', `/collections/${collectionId}/items`, { as: admin, body: { items } });
  expect(body.added).toBe(items.length);
});

afterAll(() => api.stop());

it('shows everybody what they may see, in every answer, and nothing of the rest, from the next request on', async () => {
  for (let round = 0; round < 2; round += 1) {
    const sees = await shuffle();
    for (const person of [admin, ...people]) await check(person, (catalog) => sees(person, catalog));
  }
}, 600_000);

it('explains why a person may see something, to that person and to admins', async () => {
  const [person, other] = people as [Caller, Caller];
  const [catalog] = catalogs as [Hidden];
  const path = `/entities/${catalog.entities[0]?.id}/access`;
  await catalog.rows('DELETE FROM workspace_member WHERE workspace_id = ?', [catalog.workspaceId]);
  await setVisibility(catalog, 'workspace');
  expect(await api.call('GET', path, { as: person })).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  expect((await api.call('GET', `${path}?person=${person.personId}`, { as: admin })).body).toMatchObject({
    maySee: false,
    rule: 'not a member',
    workspaceRole: null,
    database: { visibility: 'workspace', setBy: { id: admin.personId } },
  });
  await setVisibility(catalog, 'tenant');
  expect((await api.call('GET', path, { as: person })).body).toMatchObject({ maySee: true, rule: 'public in tenant' });
  expect(await api.call('GET', `${path}?person=${other.personId}`, { as: person })).toMatchObject({ status: 403 });
  expect((await api.call('GET', path, { as: admin })).body).toMatchObject({ maySee: true, rule: 'tenant admin' });
});

it('lets who edits a crawler hide a database, and admins of the workspace show it to the tenant, recording both', async () => {
  const [catalog] = catalogs as [Hidden];
  const one = async (role: 'developer' | 'admin') => {
    const person = await api.person(role, { workspace: catalog.workspaceId, as: role });
    return (visibility: string) => setVisibility(catalog, visibility, person);
  };
  const [developer, workspaceAdmin] = [await one('developer'), await one('admin')];
  expect((await workspaceAdmin('tenant')).status).toBe(200);
  expect((await developer('tenant')).status).toBe(200);
  expect((await developer('workspace')).status).toBe(200);
  expect(await developer('tenant')).toMatchObject({
    status: 403,
    body: { detail: expect.stringContaining('entity.publish') },
  });
  expect((await workspaceAdmin('tenant')).status).toBe(200);
  const { body } = await api.call('GET', '/audit-events?action=database.visibility&limit=2', { as: admin });
  expect(body.items).toMatchObject([
    {
      objectId: catalog.collectedDatabaseId,
      workspaceId: catalog.workspaceId,
      detail: { from: 'workspace', to: 'tenant' },
    },
    { objectId: catalog.collectedDatabaseId, detail: { database: 'shop', from: 'tenant', to: 'workspace' } },
  ]);
});

it('lists deeds page by page: all to admins of the tenant, those of their workspaces to admins of these', async () => {
  const [person] = people as [Caller];
  const [own, other] = catalogs as [Hidden, Hidden];
  await own.rows('DELETE FROM workspace_member WHERE person_id = ?', [person.personId]);
  for (const catalog of [own, other, own]) await setVisibility(catalog, 'tenant');
  expect((await api.call('GET', '/audit-events', { as: person })).body).toEqual({ items: [] });
  await own.rows(`INSERT INTO workspace_member (workspace_id, person_id, role) VALUES (?, ?, 'admin')`, [
    own.workspaceId,
    person.personId,
  ]);
  const mine = await api.call('GET', '/audit-events', { as: person });
  expect(new Set(mine.body.items.map((item: { workspaceId: string }) => item.workspaceId))).toEqual(
    new Set([own.workspaceId]),
  );
  const first = await api.call('GET', '/audit-events?action=crawler.edit&limit=1', { as: admin });
  expect(first.body.items).toMatchObject([
    { person: { id: admin.personId }, objectId: own.crawlerId, detail: { fields: ['databaseVisibilities'] } },
  ]);
  const second = await api.call('GET', `/audit-events?action=crawler.edit&limit=1&cursor=${first.body.nextCursor}`, {
    as: admin,
  });
  expect(second.body.items).toMatchObject([{ objectId: other.crawlerId }]);
});

it('keeps a record of everything that changes something', () => {
  const silent = allRoutes()
    .filter(({ method, audit }) => method !== 'get' && audit === undefined)
    .map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  expect(silent.sort()).toEqual(UNAUDITED);
});

/** Gives every database a visibility and every person memberships; returns the plain model of who sees what. */
async function shuffle(): Promise<(person: Caller, catalog: Hidden) => boolean> {
  const members = new Set<string>();
  const open = new Set<Hidden>();
  for (const catalog of catalogs) {
    if (random() < 0.4) open.add(catalog);
    await setVisibility(catalog, open.has(catalog) ? 'tenant' : 'workspace');
    await catalog.rows('DELETE FROM workspace_member WHERE workspace_id = ?', [catalog.workspaceId]);
    for (const person of people) {
      if (random() < 0.6) continue;
      members.add(`${person.personId} ${catalog.workspaceId}`);
      const role = ['admin', 'developer', 'viewer'][Math.floor(random() * 3)] as string;
      await catalog.rows('INSERT INTO workspace_member (workspace_id, person_id, role) VALUES (?, ?, ?)', [
        catalog.workspaceId,
        person.personId,
        role,
      ]);
    }
  }
  return (person, catalog) =>
    person === admin || open.has(catalog) || members.has(`${person.personId} ${catalog.workspaceId}`);
}

async function setVisibility(catalog: Hidden, visibility: string, as: Caller = admin): Promise<Answer> {
  const crawler = await api.call('GET', `/crawlers/${catalog.crawlerId}`, { as });
  const answer = await api.call('PATCH', `/crawlers/${catalog.crawlerId}`, {
    as,
    headers: { 'if-match': crawler.headers.get('etag') ?? '' },
    body: { databaseVisibilities: [{ database: 'shop', visibility }] },
  });
  if (as === admin) expect(answer).toMatchObject({ status: 200, body: { scope: [{ visibility }] } });
  return answer;
}

async function check(as: Caller, sees: (catalog: Hidden) => boolean): Promise<void> {
  const get = (path: string) => api.call('GET', path, { as });
  const seen = catalogs.filter(sees);
  const ids = seen.flatMap(({ entities }) => entities.map(({ id }) => id)).sort();

  const listed = await get('/entities');
  expect(listed.body.items.map((item: { id: string }) => item.id).sort()).toEqual(
    seen.flatMap(({ entities }) => entities.filter(({ kind }) => kind === 'database').map(({ id }) => id)).sort(),
  );
  const found = await get(`/search?limit=100&facets=${FACETS}`);
  expect(found.body.hits.map((hit: { document: { id: string } }) => hit.document.id).sort()).toEqual(ids);
  expect(found.body.total).toBe(ids.length);
  for (const [facet, values] of Object.entries(found.body.facets as Record<string, { count: number }[]>)) {
    const counted = values.reduce((sum, { count }) => sum + count, 0);
    if (facet === 'schema' || facet === 'owner') expect(counted).toBeLessThanOrEqual(ids.length);
    else expect(counted, facet).toBe(ids.length);
  }
  const collected = await get(`/collections/${collectionId}/items?q=kept&limit=500`);
  expect(collected.body.items.map((item: { entity: { id: string } }) => item.entity.id).sort()).toEqual(ids);
  expect((await get(`/collections/${collectionId}`)).body.itemCount).toBe(ids.length);
  for (const catalog of catalogs) await checkOne(as, catalog, sees(catalog));
  await checkEvents(as, seen);
}

/** All that happened since the beginning, as this person is told of it. */
async function checkEvents(as: Caller, seen: readonly Hidden[]): Promise<void> {
  const stream = await readEventStream(`${api.url}/api/v1/events?lastEventId=${firstId}`, {
    authorization: `Bearer ${as.token}`,
  });
  const marker = randomUUID();
  await api.database.raw(`INSERT INTO event (type, person_id, data) VALUES ('preview.updated', ?, ?)`, [
    as.personId,
    { previewId: marker },
  ]);
  await stream.until(({ data }) => data.previewId === marker);
  stream.leave();
  const told = (of: string, field: string) =>
    new Set(stream.received.filter(({ event }) => event.startsWith(of)).map(({ data }) => data[field]));
  expect(told('tables.', 'databaseId')).toEqual(new Set(seen.map((catalog) => catalog.collectedDatabaseId)));
  expect(told('database.', 'databaseId')).toEqual(told('tables.', 'databaseId'));
  const { rows: own } = await api.database.raw<{ rows: { workspace_id: string }[] }>(
    'SELECT workspace_id FROM workspace_member WHERE person_id = ?',
    [as.personId],
  );
  const works = catalogs.filter(
    ({ workspaceId }) => as === admin || own.some(({ workspace_id }) => workspace_id === workspaceId),
  );
  expect(told('crawler.', 'crawlerId')).toEqual(new Set(works.map(({ crawlerId }) => crawlerId)));
  expect(told('run.', 'crawlerId')).toEqual(told('crawler.', 'crawlerId'));
  for (const catalog of catalogs.filter((catalog) => !seen.includes(catalog)))
    for (const id of [catalog.crawlerId, catalog.workspaceId, catalog.runId]) expect(stream.text()).not.toContain(id);
}

async function checkOne(as: Caller, catalog: Hidden, seen: boolean): Promise<void> {
  const get = (path: string) => api.call('GET', path, { as });
  for (const text of [catalog.word, catalog.misspelt, catalog.word.slice(0, 5)]) {
    const answer = await get(`/search?q=${text}&facets=${FACETS}`);
    expect(answer.body.total, text).toBe(seen ? 1 : 0);
    if (!seen) expect(answer.text).not.toContain(catalog.word);
  }
  const absent = '999999999';
  for (const { id, kind, guid } of catalog.entities) {
    const paths = [
      '/entities/:id',
      '/entities/:id/access',
      '/entities/:id/collections',
      `/collections/${collectionId}/items/:id`,
    ];
    if (kind === 'table')
      paths.push(
        '/tables/:id/columns',
        '/tables/:id/partitions',
        '/tables/:id/versions',
        '/tables/:id/versions/1',
        '/tables/:id/versions/diff?from=1&to=1',
      );
    for (const path of paths) {
      const answer = await get(path.replace(':id', id));
      expect(answer.status, path).toBe(seen ? 200 : 404);
      if (!seen) expect(neutral(answer, id)).toEqual(neutral(await get(path.replace(':id', absent)), absent));
    }
    expect((await get(`/entities?guid=${encodeURIComponent(guid)}`)).status).toBe(seen ? 200 : 404);
  }
  const inside = await get(`/entities?databaseId=${catalog.collectedDatabaseId}&limit=100`);
  expect((inside.body.items ?? []).length > 0).toBe(seen);
}

/** What tells of a refusal, without the id that was asked for and that of the request. */
function neutral({ status, body, headers }: Awaited<ReturnType<ApiUnderTest['call']>>, id: string) {
  const { requestId: _, ...told } = body;
  return {
    status,
    etag: headers.get('etag'),
    told: JSON.stringify(told).replaceAll(new RegExp(`\\b${id}\\b`, 'g'), 'ID'),
  };
}
