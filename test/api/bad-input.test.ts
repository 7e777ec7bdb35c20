import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiUnderTest, type People, populate, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let people: People;

beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
});

afterAll(() => api.stop());

const NONE = '00000000-0000-4000-8000-000000000000';
const cycle = { mode: 'cycle', every: 'day', hour: 2, minute: 30, timeZone: 'UTC' };

it('What is missing is said to be missing, by its name and without what only programs know', async () => {
  const told = async (method: string, path: string, body?: unknown) =>
    (await api.call(method, path, { as: people.tenantAdmin, body })).body.detail;
  expect(await told('POST', '/workspaces', {})).toBe(
    'The body is not valid: name is missing: it must be of type string',
  );
  expect(await told('GET', '/diagnose')).toBe('The query is not valid: name is missing: it must be of type string');
  expect(await told('GET', '/tables/1/versions/diff')).toBe('The query is not valid: from is missing or no number');
  expect(await told('POST', '/workspaces', { name: 'x', colour: 1 })).toBe(
    'The body is not valid: Unrecognized key: "colour"',
  );
});

describe('a request that cannot be', () => {
  it.each<
    [
      what: string,
      method: string,
      path: string,
      sent: { body?: unknown; raw?: string; headers?: Record<string, string> },
      status: number,
      code: string,
    ]
  >([
    ['JSON that breaks off', 'POST', '/workspaces', { raw: '{"name": "x"' }, 400, 'MALFORMED_JSON'],
    ['JSON that is no object', 'POST', '/workspaces', { raw: '"name"' }, 400, 'MALFORMED_JSON'],
    ['a list where an object belongs', 'POST', '/workspaces', { raw: '[]' }, 400, 'INVALID_REQUEST'],
    [
      'a form instead of JSON',
      'POST',
      '/workspaces',
      { raw: 'name=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a charset nobody reads',
      'POST',
      '/workspaces',
      { raw: '{}', headers: { 'content-type': 'application/json; charset=ebcdic' } },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a body of over a megabyte',
      'POST',
      '/workspaces',
      { body: { name: 'x'.repeat(1_100_000) } },
      413,
      'BODY_TOO_LARGE',
    ],
    ['a field nobody knows', 'POST', '/workspaces', { body: { name: 'x', colour: 'red' } }, 400, 'INVALID_REQUEST'],
    ['a field that is missing', 'POST', '/workspaces', { body: {} }, 400, 'INVALID_REQUEST'],
    ['a NUL in a text', 'POST', '/workspaces', { body: { name: 'a\0b' } }, 400, 'INVALID_REQUEST'],
    [
      'a time zone there is not',
      'POST',
      '/schedules/preview',
      { body: { plan: { ...cycle, timeZone: 'Mars/Base' } } },
      400,
      'INVALID_REQUEST',
    ],
    ['minute 60', 'POST', '/schedules/preview', { body: { plan: { ...cycle, minute: 60 } } }, 400, 'INVALID_REQUEST'],
    ['a query parameter nobody knows', 'GET', '/crawlers?colour=red', {}, 400, 'INVALID_REQUEST'],
    ['a limit of nothing', 'GET', '/crawlers?limit=0', {}, 400, 'INVALID_REQUEST'],
    ['a limit of a million', 'GET', '/runs?limit=1000000', {}, 400, 'INVALID_REQUEST'],
    ['a status there is not', 'GET', '/runs?status=jammed', {}, 400, 'INVALID_REQUEST'],
    ['a facet there is not', 'GET', '/search?facets=colour', {}, 400, 'INVALID_REQUEST'],
    ['an id that is none', 'GET', '/crawlers/1%20OR%201=1', {}, 400, 'INVALID_REQUEST'],
    ['an id with broken escapes', 'GET', '/crawlers/%E0%A4%A', {}, 400, 'MALFORMED_REQUEST'],
    ['an id of nothing', 'GET', `/crawlers/${NONE}`, {}, 404, 'NOT_FOUND'],
    ['a run of nothing', 'GET', `/runs/${NONE}/log`, {}, 404, 'NOT_FOUND'],
    ['a made-up cursor', 'GET', '/crawlers?cursor=bm90aGluZw', {}, 400, 'INVALID_CURSOR'],
    [
      'a cursor of another list',
      'GET',
      `/runs?cursor=${Buffer.from('["a","b"]').toString('base64url')}`,
      {},
      400,
      'INVALID_CURSOR',
    ],
    [
      'a cursor with a NUL',
      'GET',
      `/people?cursor=${Buffer.from('["\\u0000"]').toString('base64url')}`,
      {},
      400,
      'INVALID_CURSOR',
    ],
    ['a made-up cursor of a search', 'GET', '/search?q=x&cursor=bm90aGluZw', {}, 400, 'INVALID_CURSOR'],
    ['a NUL in a search', 'GET', '/search?q=a%00b', {}, 200, ''],
    ['a path there is not', 'GET', '/tea', {}, 404, 'UNKNOWN_ROUTE'],
    ['a method there is not', 'PUT', '/crawlers', { body: {} }, 405, 'METHOD_NOT_ALLOWED'],
    ['an unreadable Authorization', 'GET', '/me', { headers: { authorization: 'Basic eDp5' } }, 401, 'NOT_SIGNED_IN'],
    ['a token nobody made', 'GET', '/me', { headers: { authorization: 'Bearer dm_nothing' } }, 401, 'NOT_SIGNED_IN'],
    [
      'an Idempotency-Key that is too long',
      'POST',
      '/workspaces',
      { body: { name: 'x' }, headers: { 'idempotency-key': 'k'.repeat(256) } },
      400,
      'INVALID_REQUEST',
    ],
  ])('%s gets a problem that says so', async (_what, method, path, sent, status, code) => {
    const answer = await api.call(method, path, { as: people.tenantAdmin, ...sent });
    expect([answer.status, answer.body?.code ?? ''], answer.text).toEqual([status, code]);
    if (status >= 400) expect(answer.body.detail.length).toBeGreaterThan(10);
  });

  it('names every field that is wrong, and where it was', async () => {
    const answer = await api.call('POST', '/workspaces', {
      as: people.tenantAdmin,
      body: { name: '', timeZone: 'Nowhere', colour: 1 },
    });
    expect(answer.body.errors).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ in: 'body', path: 'name' }),
        expect.objectContaining({ in: 'body', path: 'timeZone' }),
        expect.objectContaining({ in: 'body', message: expect.stringContaining('colour') }),
      ]),
    );
  });

  it('says which methods a path has', async () => {
    const answer = await api.call('DELETE', '/crawlers', { as: people.tenantAdmin });
    expect(answer.headers.get('allow')).toBe('GET, POST, HEAD');
  });

  it('keeps the request id of the proxy in front where it is a plain token, and makes one where not', async () => {
    const named = await api.call('GET', '/tea', { headers: { 'x-request-id': 'edge-42' } });
    expect(named.body.requestId).toBe('edge-42');
    const unsafe = await api.call('GET', '/tea', { headers: { 'x-request-id': 'a b"c' } });
    expect(unsafe.body.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('logs nothing that was sent in a query, a header or a body', async () => {
    await api.call('POST', '/session', { body: { email: 'a@example.com', password: 'hunter2-in-the-body' } });
    await api.call('GET', '/search?q=hunter2-in-the-query', {
      headers: { authorization: 'Bearer hunter2-in-a-header' },
    });
    expect(api.log()).not.toContain('hunter2');
    expect(api.log()).toContain('/api/v1/search');
  });
});

it('answers a target that is no path', async () => {
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const sent = request(`${api.url}/`, { path: '//evil.example/%2e%2e', method: 'GET' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject);
    sent.end();
  });
  expect(status).toBe(404);
});
