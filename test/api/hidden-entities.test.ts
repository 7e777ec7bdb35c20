import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { putMember } from '../../access/members.js';
import { TOOLS } from '../../api/mcp/tools.js';
import { allRoutes } from '../../api/routes/index.js';
import { createRefresh } from '../../catalog/refresh/refreshes.js';
import { drainOutbox } from '../../search/outbox.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { type EventReader, readEventStream } from '../fakes/event-stream.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { type ApiUnderTest, type Caller, startApi } from './api-under-test.js';
import { thingsOf } from './things-of.js';

/** Stands in all that is hidden and nowhere else. */
const SECRET = 'zanzibar';
const FACETS =
  'kind,type,sourceType,dataSourceId,workspaceId,database,schema,owner,hasDescription,tag,hasLineage,updated,visibility';
const SEARCHES = ['', SECRET, 'zanzibra', 'orders', 'oders', 'area orders', 'ord zan', 'zan ord'];

/** What is asked of each route that names nothing in its path. A route that is not here fails the test below. */
const LISTS: Record<string, string[]> = {
  '/ai/provider': [''],
  '/api-documents': ['', '?limit=1'],
  '/audit-events': [''],
  '/collections': ['', `?q=${SECRET}`, '?limit=1'],
  '/crawlers': ['', `?q=${SECRET}`],
  '/data-sources': ['', `?q=${SECRET}`],
  '/description-suggestions': ['', '?limit=1', '?of=tables'],
  '/diagnose': ['?name=nothing', `?name=${SECRET}`],
  '/entities': ['', '?limit=1', '?removed=true'],
  '/favourites': ['', '?limit=1'],
  '/held-removals': ['', '?limit=1'],
  '/lineage-jobs': ['', `?name=${SECRET}`, '?limit=1'],
  '/me': [''],
  '/operations': ['', '?limit=1'],
  '/preview-rules': [''],
  '/resource-groups': [''],
  '/runs': ['', '?limit=1'],
  '/saved-searches': [''],
  '/search': SEARCHES.flatMap((q) => [
    `?q=${q}&facets=${FACETS}`,
    `?q=${q}&limit=1`,
    `?q=${q}&kind=field`,
    `?q=${q}&kind=workspace`,
    `?q=${q}&kind=task-code`,
    `?q=${q}&kind=task-code&limit=1`,
    `?q=${q}&kind=api`,
    `?q=${q}&kind=ai-asset`,
  ]),
  '/search/export.csv': SEARCHES.map((q) => `?q=${q}`),
  '/search/suggestions': SEARCHES.map((q) => `?q=${q}`),
  '/source-types': [''],
  '/tags': ['', `?q=${SECRET}`, '?limit=1'],
  '/tokens': [''],
  '/webhooks': [''],
  '/workspaces': ['', '?limit=1'],
};

let api: ApiUnderTest;
let member: Caller;
let outsider: Caller;
/** What the outsider was told before there was anything to hide. */
let before: Map<string, string>;
let hidden: CrawledCatalog;
/** The id of a hidden thing to put into a path, by its first segment. */
let ids: Record<string, string>;
let guid: string;
/** Of the last event before there was anything to hide. */
let lastId: string | undefined;

beforeAll(async () => {
  api = await startApi();
  outsider = await api.person('Outsider');
  const own = await populated('shop', 'ours');
  await putMember(api.database, own.catalog.workspaceId, outsider.personId, 'admin');
  await favour(own.tableId);
  before = await told();
  const stream = await follow(outsider);
  await stream.until(({ event }) => event === 'hello');
  lastId = stream.lastId();
  stream.leave();

  const made = await populated('shop', SECRET);
  hidden = made.catalog;
  member = await api.person('Member', { workspace: hidden.workspaceId, as: 'admin' });
  await favour(made.tableId);
  await hidden.rows(`UPDATE collected_database SET visibility = 'workspace' WHERE id = ?`, [
    hidden.collectedDatabaseId,
  ]);
  ids = await thingsOf(api, hidden, { ...made, by: member, word: SECRET });
  guid = made.guid;
}, 120_000);
afterAll(() => api.stop());

it('knows every route that lists something', () => {
  const lists = allRoutes()
    .filter(({ method, path, access }) => method === 'get' && !path.includes(':') && access.kind !== 'tenant')
    // A stream does not end; the test below follows one.
    .filter(({ path }) => path !== '/events')
    .map(({ path }) => path);
  expect(lists.sort()).toEqual(Object.keys(LISTS).sort());
});

it('tells, counts and orders in every list as if what is hidden were not there', async () => {
  const after = await told();
  for (const [asked, answer] of after) expect(answer, asked).toBe(before.get(asked));
}, 60_000);

it('answers for each hidden thing that a path can name as for one that is not there, of entities by the same queries', async () => {
  const walked = allRoutes().filter(({ path, access }) => path.includes(':id') && access.kind !== 'tenant');
  for (const { method, path } of walked) {
    const first = path.split('/')[1] ?? '';
    const id = ids[first];
    if (id === undefined) throw new Error(`The test knows no hidden thing for ${path}`);
    const absent = /^\d+$/.test(id) ? '999999999' : randomUUID();
    const asked = `${method.toUpperCase()} ${path}`;
    const [{ statements, ...answer }, other] = [await asking(method, path, id), await asking(method, path, absent)];
    expect({ ...answer, statements: other.statements }, asked).toEqual(other);
    // Entities are numbered, so that anybody can try them; whoever has another id was told of the thing.
    if (absent === '999999999') expect(statements, asked).toEqual(other.statements);
  }
}, 60_000);

it('hides it in filters too, and from models', async () => {
  expect((await api.call('GET', '/description-suggestions', { as: member })).text).toContain(SECRET);
  for (const query of ['databaseId=', 'kind=schema&databaseId=']) {
    const [seen, absent] = [
      await api.call('GET', `/entities?${query}${hidden.collectedDatabaseId}`, { as: outsider }),
      await api.call('GET', `/entities?${query}999999999`, { as: outsider }),
    ];
    expect(plain(seen.text, hidden.collectedDatabaseId)).toBe(plain(absent.text, '999999999'));
  }
  expect((await api.call('GET', `/entities?guid=${encodeURIComponent(guid)}`, { as: member })).status).toBe(200);
  expect((await api.call('GET', `/entities?guid=${encodeURIComponent(guid)}`, { as: outsider })).status).toBe(404);
  for (const { name } of TOOLS) {
    const [real, absent] = [ids.tables ?? '', '999999999'];
    const answers = await Promise.all([use(name, real, guid), use(name, absent, `${guid}x`)]);
    expect(plain(answers[0], real, guid), name).toBe(plain(answers[1], absent, `${guid}x`));
    expect(answers[0]).not.toContain(SECRET);
  }
});

it('tells who follows events of what is hidden as little as if it had not happened', async () => {
  const streams = [await follow(outsider), await follow(member)] as const;
  for (const [at, person] of [outsider, member].entries()) {
    await createRefresh(api.database, { refreshId: randomUUID(), items: [], requestedBy: person.personId });
    await streams[at]?.until(({ event, data }) => event === 'refresh.updated' && data.ended);
  }
  const [seen, all] = streams.map(({ received }) => received.map(({ event }) => event));
  expect(new Set(seen)).toEqual(new Set(['hello', 'refresh.updated']));
  for (const event of [
    'run.updated',
    'tables.changed',
    'database.updated',
    'operation.updated',
    'held-removal.updated',
  ])
    expect(all).toContain(event);
  for (const stream of streams) stream.leave();
});

it('shows all of it to a member, so that there was something to hide', async () => {
  for (const path of ['/entities/:id', '/entities/:id/annotation', '/held-removals/:id/objects', '/runs/:id/changes']) {
    const answer = await api.call('GET', path.replace(':id', ids[path.split('/')[1] ?? ''] ?? ''), { as: member });
    expect(answer.status, path).toBe(200);
  }
  expect((await api.call('GET', `/search?kind=task-code&q=${SECRET}`, { as: member })).body.total).toBe(1);
  for (const path of ['/search', '/search/suggestions', '/search/export.csv'])
    expect((await api.call('GET', `${path}?q=${SECRET}`, { as: member })).text, path).toContain('orders_9_daily');
  expect((await api.call('GET', '/tags', { as: member })).text).toContain(SECRET);
});

interface Populated {
  catalog: CrawledCatalog;
  tableId: string;
  guid: string;
  runId: string;
}

/** A crawled database, everybody's to see at first, of which a table was removed and many are held; with words of people. */
async function populated(name: string, word: string): Promise<Populated> {
  const source = new SyntheticSource(40, 2);
  source.edit(SyntheticSource.keyOf(20), () => ({ comment: `${word} it is` }));
  const catalog = await crawledCatalog(api.database, source, name);
  await catalog.rows(`UPDATE collected_database SET visibility = 'tenant' WHERE id = ?`, [catalog.collectedDatabaseId]);
  await catalog.rows(`UPDATE workspace SET name = ? WHERE id = ?`, [`${word} workspace`, catalog.workspaceId]);
  await catalog.rows(`UPDATE data_source SET name = ? WHERE workspace_id = ?`, [`${word} source`, catalog.workspaceId]);
  await catalog.rows(`UPDATE crawler SET name = ? WHERE id = ?`, [`${word} crawler`, catalog.crawlerId]);
  await catalog.crawl();
  for (let index = 0; index < 13; index += 1) source.drop(SyntheticSource.keyOf(index));
  const { runId } = await catalog.crawl();
  const [table] = await catalog.rows<{ id: string; guid: string }>(
    `SELECT id, guid FROM entity WHERE collected_database_id = ? AND comment = ?`,
    [catalog.collectedDatabaseId, `${word} it is`],
  );
  const writer = await api.person('Writer', { workspace: catalog.workspaceId, as: 'developer' });
  const said = await api.call('PATCH', `/entities/${table?.id}/annotation`, {
    as: writer,
    headers: { 'if-match': '"0"' },
    body: { description: `People of ${word}`, tags: [word, 'orders'] },
  });
  expect(said.status, said.text).toBe(200);
  await drainOutbox(api.database, api.context.searchIndex, { limit: 1_000 });
  return { catalog, tableId: table?.id ?? '', guid: table?.guid ?? '', runId };
}

/** What somebody is told who was away since. */
function follow(as: Caller): Promise<EventReader> {
  return readEventStream(`${api.url}/api/v1/events`, {
    authorization: `Bearer ${as.token}`,
    ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
  });
}

async function favour(tableId: string): Promise<void> {
  expect((await api.call('PUT', `/entities/${tableId}/favourite`, { as: outsider })).status).toBe(200);
}

/** Every list as the outsider is told it. */
async function told(): Promise<Map<string, string>> {
  const answers = new Map<string, string>();
  for (const [path, queries] of Object.entries(LISTS))
    for (const query of queries) {
      const answer = await api.call('GET', path + query, { as: outsider });
      expect(answer.status, path + query).toBe(200);
      if (!query.endsWith(`=${SECRET}`)) expect(answer.text.replaceAll(query, ''), path + query).not.toContain(SECRET);
      answers.set(path + query, moving(answer.text));
    }
  return answers;
}

/** Leaves out what moves by itself: the watermark counts the runs of the whole installation, and tokens their use. */
function moving(text: string): string {
  return text.replace(/"completeUpToRun":\d+/, '').replace(/"(lastUsedAt|at|beatAt|now)":"[^"]*"/g, '');
}

/** What the outsider is told of a thing, and what was asked of the database for it. */
async function asking(method: string, path: string, id: string) {
  const filled = path
    .replace(':id', id)
    .replace(':version', '1')
    .replace(':column', 'id')
    .replace(/diff$/, 'diff?from=1&to=1')
    .replace(/lineage\/path$/, `lineage/path?to=${ids['entities']}`)
    .replace(':edgeId', '1')
    .replace(':delivery', '1')
    .replace(/:\w+/g, outsider.personId);
  const statements: string[] = [];
  // That a token was used is noted once a minute, whatever it is used for.
  const heard = ({ sql }: { sql: string }) => sql.startsWith('UPDATE api_token') || statements.push(sql);
  api.database.on('query', heard);
  const answer = await api.call(method.toUpperCase(), filled, {
    as: outsider,
    ...(method === 'get' || method === 'delete' ? {} : { body: {} }),
  });
  api.database.off('query', heard);
  return {
    status: answer.status,
    etag: answer.headers.get('etag'),
    told: plain(answer.text, id),
    statements,
  };
}

function plain(text: string, ...named: string[]): string {
  return named.reduce(
    (left, name) => left.replaceAll(name, 'NAMED'),
    text.replace(/"requestId":"[^"]*"/, '').replace(/\\"requestId\\":\\"[^"]*\\"/, ''),
  );
}

/** What a tool for models says, as it came. */
async function use(name: string, id: string, ofGuid: string): Promise<string> {
  const response = await fetch(`${api.url}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${outsider.token}`,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name,
        arguments: { id, guid: ofGuid, q: 'zanzibra', databaseId: hidden.collectedDatabaseId, from: 1, to: 1 },
      },
    }),
  });
  expect(response.status).toBe(200);
  return response.text();
}
