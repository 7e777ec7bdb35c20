import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApi } from '../../api/app.js';
import { openDatabase } from '../../db/database.js';
import { type SearchIndex, SearchUnavailable } from '../../search/port.js';
import { type ApiUnderTest, type People, populate, serveGroup, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let people: People;
let search: SearchIndex & { down: boolean };

beforeAll(async () => {
  search = searchThatCanGo();
  api = await startApi({ context: { searchIndex: search } });
  people = await populate(api);
});

afterAll(() => api.stop());

const ready = async (url = api.url) => {
  const response = await fetch(`${url}/readyz`);
  return { status: response.status, body: await response.json() };
};

describe('without Temporal', () => {
  it('answers what does not need it, says 503 for the rest, and recovers by itself', async () => {
    const { body: source } = await api.call('POST', '/data-sources', {
      as: people.developer,
      body: { workspaceId: people.workspaceId, name: 'shop', url: 'postgres://reader:x@db.example/shop' },
    });
    await serveGroup(api);
    api.orchestrator.unavailable = true;
    const plan = { mode: 'cycle', every: 'hour', minutes: [0, 30], timeZone: 'UTC' };
    const created = await api.call('POST', '/crawlers', {
      as: people.developer,
      body: { workspaceId: people.workspaceId, dataSourceId: source.id, databases: ['shop'], plan },
    });
    expect(created).toMatchObject({ status: 201, body: { nextRuns: null } });
    const run = () => api.call('POST', `/crawlers/${created.body.id}/runs`, { as: people.developer, body: {} });
    const refused = await run();
    expect(refused).toMatchObject({ status: 503, body: { code: 'TEMPORAL_UNAVAILABLE', part: 'temporal' } });
    expect(refused.headers.get('retry-after')).toBe('5');
    expect((await api.call('GET', '/runs', { as: people.viewer })).body.items).toEqual([]);
    expect(await ready()).toMatchObject({
      status: 200,
      body: { status: 'degraded', parts: { temporal: 'down', database: 'up' } },
    });
    api.orchestrator.unavailable = false;
    expect((await run()).status).toBe(202);
  });

  it('leaves a test of a connection that could not start as cancelled, not as waiting for ever', async () => {
    const { body: sources } = await api.call('GET', '/data-sources', { as: people.developer });
    api.orchestrator.unavailable = true;
    const answer = await api.call('POST', `/data-sources/${sources.items[0].id}/tests`, {
      as: people.developer,
      body: {},
    });
    api.orchestrator.unavailable = false;
    expect(answer.status).toBe(503);
    const { rows } = await api.database.raw('SELECT status FROM connection_test');
    expect(rows).toEqual([{ status: 'cancelled' }]);
  });
});

it('says 503 for search alone while the search engine is away', async () => {
  search.down = true;
  const answer = await api.call('GET', '/search?q=orders', { as: people.viewer });
  expect(answer).toMatchObject({ status: 503, body: { code: 'SEARCH_UNAVAILABLE', part: 'search' } });
  expect((await api.call('GET', '/crawlers', { as: people.viewer })).status).toBe(200);
  expect(await ready()).toMatchObject({ status: 200, body: { status: 'degraded', parts: { search: 'down' } } });
  search.down = false;
  expect((await api.call('GET', '/search?q=orders', { as: people.viewer })).status).toBe(200);
});

it('says 503 while the database is away, and recovers by itself', async () => {
  const database = api.database.client.config.connection as { connectionString: string };
  const target = new URL(database.connectionString);
  const gate = await gateTo(target);
  const through = new URL(target);
  through.hostname = '127.0.0.1';
  through.port = String(gate.port);
  const pool = openDatabase(through.href);
  const server = createApi({ ...api.context, database: pool }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const me = async () => {
    const response = await fetch(`${url}/api/v1/me`, { headers: { authorization: `Bearer ${people.viewer.token}` } });
    return {
      status: response.status,
      body: (await response.json()) as { code?: string; part?: string; detail?: string },
    };
  };
  try {
    expect((await me()).status).toBe(200);
    await gate.close();
    const refused = await me();
    expect(refused).toMatchObject({ status: 503, body: { code: 'DATABASE_UNAVAILABLE', part: 'database' } });
    expect(JSON.stringify(refused.body)).not.toContain('127.0.0.1');
    expect(await ready(url)).toMatchObject({ status: 503, body: { status: 'down', parts: { database: 'down' } } });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    await gate.open();
    await expect.poll(async () => (await me()).status).toBe(200);
  } finally {
    server.close();
    server.closeAllConnections();
    await pool.destroy();
    await gate.close();
  }
});

/** A port that leads to PostgreSQL, and can be shut and opened again. */
async function gateTo(target: URL) {
  const sockets = new Set<Socket>();
  const make = () =>
    createServer((near) => {
      const far = createConnection(Number(target.port), target.hostname);
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
    });
  let server: Server = make().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    open: async () => {
      server = make().listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
  };
}

function searchThatCanGo(): SearchIndex & { down: boolean } {
  const index: SearchIndex & { down: boolean } = {
    engine: 'postgresql',
    down: false,
    prepare: async () => undefined,
    write: async () => undefined,
    search: async () => {
      if (index.down) throw new SearchUnavailable('The search engine does not answer');
      return { hits: [], total: 0, totalIsExact: true, facets: {} };
    },
    rebuild: async () => 0,
    health: async () => (index.down ? { ok: false, reason: 'It does not answer' } : { ok: true }),
    close: async () => undefined,
  };
  return index;
}
