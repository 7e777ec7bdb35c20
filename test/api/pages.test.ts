import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiUnderTest, type People, populate, startApi } from './api-under-test.js';

const METRICS_TOKEN = 'a-token-for-the-scraper';
let api: ApiUnderTest;
let people: People;

beforeAll(async () => {
  api = await startApi({ config: { metricsToken: METRICS_TOKEN } });
  people = await populate(api);
});

afterAll(() => api.stop());

const get = async (path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${api.url}${path}`, { headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
};

describe.each(['/', '/login', '/api/docs/'])('the page %s', (path) => {
  it('loads nothing from elsewhere and runs no script but its own files', async () => {
    const page = await get(path);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).toMatch(/script-src 'self'(;|$)/);
    expect(policy).toMatch(/frame-ancestors 'none'/);
    expect(page.text).not.toMatch(/<script(?![^>]*\ssrc=)|\son\w+=|https?:\/\//);
    for (const [, address] of page.text.matchAll(/(?:src|href)="(\/[^"]*)"/g))
      expect((await get(address ?? '')).status, address).toBe(200);
  });
});

it('the login page tells no other site where its visitor came from', async () => {
  expect((await get('/login')).headers.get('referrer-policy')).toBe('no-referrer');
});

it('the scripts of the pages put nothing of an answer into the page as HTML', () => {
  const directory = 'api/landing';
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.js')))
    expect(readFileSync(join(directory, file), 'utf8'), file).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval/,
    );
});

it('serves the OpenAPI document that the documentation shows', async () => {
  const answer = await get('/api/v1/openapi.json');
  expect(JSON.parse(answer.text)).toMatchObject({ openapi: '3.1.1', info: { title: 'Datamap' } });
});

it.each(['/nothing', '/../package.json', '/landing/index.html', '/api/nothing', '/.env'])(
  'answers a problem at %s, where there is nothing',
  async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  },
);

it('tells that it is alive and ready to anybody, and no more', async () => {
  expect(JSON.parse((await get('/healthz')).text)).toEqual({ status: 'ok' });
  expect(JSON.parse((await get('/readyz')).text)).toEqual({
    status: 'ready',
    parts: { database: 'up', temporal: 'up', search: 'up' },
  });
});

describe('metrics', () => {
  it('are for the scraper and for admins of the tenant', async () => {
    expect((await get('/metrics')).status).toBe(401);
    expect((await get('/metrics', { authorization: `Bearer ${people.developer.token}` })).status).toBe(403);
    expect((await get('/metrics', { authorization: `Bearer ${people.tenantAdmin.token}` })).status).toBe(200);
    expect((await get('/metrics', { authorization: `Bearer ${METRICS_TOKEN}` })).status).toBe(200);
  });

  it('count requests by the pattern of their route, not by their path', async () => {
    await api.call('GET', `/crawlers/00000000-0000-4000-8000-000000000000`, { as: people.viewer });
    const { text } = await get('/metrics', { authorization: `Bearer ${METRICS_TOKEN}` });
    expect(text).toContain(
      'datamap_http_request_duration_seconds_count{method="GET",route="/api/v1/crawlers/:id",status="404"} 1',
    );
    expect(text).not.toContain('00000000-0000');
    expect(text).toContain('datamap_part_up{part="temporal"} 1');
  });
});
