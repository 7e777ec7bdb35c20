import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { finishListing } from '../../catalog/jobs/database-listings.js';
import { resolveConnection } from '../../catalog/sources/resolve-connection.js';
import { type ApiUnderTest, type People, populate, serveGroup, startApi } from './api-under-test.js';

const SECRET = 'kX9-very-secret-Qz';
let api: ApiUnderTest;
let people: People;

beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
});

afterAll(async () => {
  // Whatever else the tests of this file did, the password must be in no line of the log.
  expect(api.log()).not.toContain(SECRET);
  expect(api.log()).not.toContain(encodeURIComponent(SECRET));
  await api.stop();
});

let made = 0;
async function create(body: object = {}) {
  made += 1;
  const answer = await api.call('POST', '/data-sources', {
    as: people.developer,
    body: {
      workspaceId: people.workspaceId,
      name: `source ${made}`,
      type: 'postgresql',
      config: { host: `db${made}.example`, user: 'reader' },
      secrets: { password: SECRET },
      ...body,
    },
  });
  return answer;
}

describe('creating a data source', () => {
  it('fills in what the type knows by itself, and tells of the credentials only that they are there', async () => {
    const answer = await create();
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      type: 'postgresql',
      environment: 'production',
      instance: `db${made}.example:5432`,
      config: { port: 5432, database: 'postgres', tls: 'prefer' },
      secrets: { password: 'set' },
      can: { edit: true, delete: true, test: true },
    });
    expect(answer.text).not.toContain(SECRET);
    expect(answer.headers.get('location')).toBe(`/api/v1/data-sources/${answer.body.id}`);
    const opened = await resolveConnection(api.database, api.context.secretKey, answer.body.id);
    expect(opened.secrets).toEqual({ password: SECRET });
  });

  it('takes a connection URL apart and never gives it back', async () => {
    const url = `mysql://reader:${encodeURIComponent(SECRET)}@shop.example:3307/shop?ssl-mode=REQUIRED`;
    const answer = await create({ type: undefined, config: undefined, secrets: undefined, url });
    expect(answer.body).toMatchObject({
      type: 'mysql',
      config: { host: 'shop.example', port: 3307, database: 'shop', user: 'reader', tls: 'require' },
      secrets: { password: 'set' },
    });
    expect(answer.text).not.toContain(SECRET);
  });

  it.each([
    ['a scheme nobody knows', `oracle://reader:${SECRET}@h/db`, 'INVALID_URL'],
    ['no host', 'postgres:///db', 'INVALID_URL'],
    ['broken escapes', `postgres://re%zzader:${SECRET}@h/db`, 'INVALID_URL'],
    ['a port there is not', `postgres://reader:${SECRET}@h:99999/db`, 'INVALID_URL'],
    ['nothing of a URL', SECRET, 'INVALID_URL'],
  ])('refuses a connection URL with %s, without repeating it', async (_what, url, code) => {
    const answer = await create({ type: undefined, config: undefined, secrets: undefined, url });
    expect([answer.status, answer.body.code]).toEqual([400, code]);
    expect(answer.text).not.toContain(SECRET);
  });

  it.each([
    ['a type nobody knows', { type: 'oracle' }, 'UNKNOWN_SOURCE_TYPE'],
    ['a field its type does not have', { config: { host: 'h', user: 'u', wallet: 'x' } }, 'INVALID_INPUT'],
    ['a credential its type does not take', { secrets: { pin: SECRET } }, 'INVALID_INPUT'],
    ['config and URL both', { url: 'postgres://u@h/d' }, 'INVALID_REQUEST'],
    ['neither config nor URL', { config: undefined }, 'INVALID_REQUEST'],
    ['a reference of no known kind', { secrets: undefined, secretRefs: { password: 'vault:x' } }, 'INVALID_INPUT'],
  ])('refuses %s', async (_what, body, code) => {
    const answer = await create(body);
    expect([answer.status, answer.body.code]).toEqual([400, code]);
    expect(answer.text).not.toContain(SECRET);
  });

  it('refuses a name that the workspace has already', async () => {
    const first = await create();
    const second = await create({ name: first.body.name });
    expect([second.status, second.body.code]).toEqual([409, 'NAME_TAKEN']);
  });
});

describe('editing a data source', () => {
  const patch = (id: string, body: object, headers: Record<string, string> = {}) =>
    api.call('PATCH', `/data-sources/${id}`, { as: people.developer, body, headers });

  it('needs the version it is based on, and tells both versions where another came first', async () => {
    const { body: source, headers } = await create();
    const tag = headers.get('etag') ?? '';
    expect(tag).toBe('"1"');
    expect(await patch(source.id, { name: 'renamed' })).toMatchObject({
      status: 428,
      body: { code: 'PRECONDITION_REQUIRED' },
    });
    const first = await patch(source.id, { description: 'first' }, { 'if-match': tag });
    expect([first.status, first.headers.get('etag')]).toEqual([200, '"2"']);
    const second = await patch(source.id, { description: 'second' }, { 'if-match': tag });
    expect(second).toMatchObject({
      status: 412,
      body: { code: 'VERSION_CONFLICT', yourVersion: 1, currentVersion: 2, current: { description: 'first' } },
    });
  });

  it('lets exactly one of two edits at once through', async () => {
    const { body: source } = await create();
    const answers = await Promise.all(
      ['a', 'b'].map((description) => patch(source.id, { description }, { 'if-match': '"1"' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  it('keeps credentials that are left out, and takes away those that are null', async () => {
    const { body: source } = await create();
    const kept = await patch(source.id, { region: 'eu' }, { 'if-match': '"1"' });
    expect(kept.body.secrets).toEqual({ password: 'set' });
    const gone = await patch(source.id, { secrets: { password: null } }, { 'if-match': '"2"' });
    expect(gone.body.secrets).toEqual({ password: 'missing' });
  });
});

it('lists data sources page by page, each once', async () => {
  while (made < 7) await create();
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.call('GET', `/data-sources?limit=3${cursor === undefined ? '' : `&cursor=${cursor}`}`, {
      as: people.viewer,
    });
    seen.push(...page.body.items.map((item: { id: string }) => item.id));
    cursor = page.body.nextCursor;
  } while (cursor !== undefined);
  const all = await api.call('GET', '/data-sources?limit=200', { as: people.viewer });
  expect(seen).toEqual(all.body.items.map((item: { id: string }) => item.id));
  expect(all.text).not.toContain(SECRET);
});

it('tells a viewer what is missing for an edit', async () => {
  const { body } = await create();
  const seen = await api.call('GET', `/data-sources/${body.id}`, { as: people.viewer });
  expect(seen.body).toMatchObject({ can: { edit: false }, whyNot: { edit: expect.stringContaining('source.write') } });
});

it('refuses to delete a source that is collected, naming the crawlers', async () => {
  const { body: source } = await create();
  const crawler = await api.call('POST', '/crawlers', {
    as: people.developer,
    body: { workspaceId: people.workspaceId, dataSourceId: source.id, databases: ['shop'] },
  });
  const refused = await api.call('DELETE', `/data-sources/${source.id}`, { as: people.developer });
  expect([refused.status, refused.body.code]).toEqual([409, 'SOURCE_IN_USE']);
  expect(refused.body.detail).toContain(crawler.body.name);
});

describe('listing the databases of a source', () => {
  it('says so where no worker serves the group', async () => {
    const { body: source } = await create();
    const answer = await api.call('GET', `/data-sources/${source.id}/databases`, { as: people.developer });
    expect([answer.status, answer.body.code]).toEqual([409, 'RESOURCE_GROUP_WITHOUT_WORKER']);
  });

  it('names the crawler that collects each, and hides one of another workspace', async () => {
    await serveGroup(api);
    const instance = 'shared.example:5432';
    const { body: ours } = await create({ instance });
    await api.call('POST', '/crawlers', {
      as: people.developer,
      body: { workspaceId: people.workspaceId, dataSourceId: ours.id, name: 'ours', databases: ['shop'] },
    });
    const { body: theirs } = await api.call('POST', '/data-sources', {
      as: people.outsider,
      body: {
        workspaceId: people.elsewhereId,
        name: 'theirs',
        type: 'postgresql',
        instance,
        config: { host: 'shared.example', user: 'reader' },
      },
    });
    await api.call('POST', '/crawlers', {
      as: people.outsider,
      body: { workspaceId: people.elsewhereId, dataSourceId: theirs.id, name: 'secret project', databases: ['hr'] },
    });
    api.orchestrator.onListing = ({ listingId }) =>
      finishListing(api.database, listingId, {
        databases: [{ name: 'free' }, { name: 'hr' }, { name: 'shop', comment: 'the shop' }],
      });
    const answer = await api.call('GET', `/data-sources/${ours.id}/databases`, { as: people.developer });
    expect(answer.body.items).toEqual([
      { name: 'free', ownedBy: null },
      { name: 'hr', ownedBy: { hidden: true } },
      { name: 'shop', comment: 'the shop', ownedBy: { crawlerId: expect.any(String), name: 'ours' } },
    ]);
    expect(answer.text).not.toContain('secret project');
  });

  it('passes on why the source did not list them', async () => {
    await serveGroup(api);
    const { body: source } = await create();
    api.orchestrator.onListing = ({ listingId }) =>
      finishListing(api.database, listingId, {
        error: { code: 'BAD_CREDENTIALS', message: 'The password is wrong', remedy: 'Enter it again.' },
      });
    const answer = await api.call('GET', `/data-sources/${source.id}/databases`, { as: people.developer });
    expect(answer).toMatchObject({
      status: 502,
      body: {
        code: 'LISTING_FAILED',
        cause: 'BAD_CREDENTIALS',
        detail: 'The password is wrong',
        remedy: 'Enter it again.',
      },
    });
  });
});

it('describes each source type well enough to draw a form', async () => {
  const { body } = await api.call('GET', '/source-types', { as: people.viewer });
  const postgresql = body.items.find((item: { type: string }) => item.type === 'postgresql');
  expect(postgresql).toMatchObject({
    secrets: ['password'],
    configSchema: { type: 'object', additionalProperties: false, required: expect.arrayContaining(['host', 'user']) },
  });
});
