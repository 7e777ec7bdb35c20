import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putMember } from '../../access/members.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { edgesOf, runEvent, tell } from '../lineage/told-events.js';
import { type ApiUnderTest, type People, populate, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let people: People;
let map: CrawledCatalog;
/** The namespace of the server that was crawled, and its first tables' ids. */
let namespace: string;
let tables: string[];

beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
  map = await crawledCatalog(api.database, new SyntheticSource(4, 1));
  await map.rows('UPDATE collected_database SET workspace_id = ?', [people.workspaceId]);
  await map.crawl();
  const [{ instance = '' } = {}] = await map.rows<{ instance: string }>('SELECT instance FROM collected_database');
  namespace = `postgres://${instance}`;
  tables = (await map.rows<{ id: string }>(`SELECT id FROM entity WHERE kind = 'table' ORDER BY id`)).map(
    ({ id }) => id,
  );
});
afterAll(() => api.stop());

const send = (body: unknown, as = people.developer, path = '/lineage') => api.call('POST', path, { as, body });
const table = (place: number) => `${namespace} shop.area_0.orders_${place}_daily`;
/** What waits is folded, as a worker does it. */
const fold = () => tell(api.database, []);
const lineage = async (id: string | undefined, as = people.viewer) =>
  (await api.call('GET', `/entities/${id}/lineage?level=column`, { as })).body;

describe('an event', () => {
  it('is taken as clients send it, told to the engine, and is on the map when it is folded', async () => {
    const event = runEvent({ inputs: [table(0)], outputs: [table(1)] });
    const answer = await send(event);
    expect(answer).toMatchObject({ status: 201, text: '' });
    await expect.poll(() => api.orchestrator.calls.foldLineageEvents?.length).toBe(1);
    await fold();
    const { edges } = await lineage(tables[0]);
    expect(edges).toMatchObject([
      { upstream: `entity:${tables[0]}`, downstream: `entity:${tables[1]}`, direct: true, columns: [] },
    ]);
    expect(edges[0].processes).toMatchObject([{ kind: 'job', name: 'nightly', state: 'stated' }]);
    expect((await send(event)).status).toBe(201);
  });

  it('is refused where a required part is missing or not of its form, and taken with parts that nobody knows', async () => {
    const event = runEvent({ outputs: ['s3://a out'] });
    const without = (name: string) => Object.fromEntries(Object.entries(event).filter(([key]) => key !== name));
    for (const part of ['eventTime', 'producer', 'schemaURL', 'job']) {
      const { status, body } = await send(without(part));
      expect([status, body.errors[0].path]).toEqual([400, part]);
    }
    expect((await send({ ...event, run: { runId: 'nightly 7' } })).body.errors[0].path).toBe('run.runId');
    expect((await send({ ...event, eventTime: 'yesterday' })).status).toBe(400);
    expect((await send({ ...event, eventType: 'BEGUN' })).status).toBe(400);
    expect((await send({ ...event, outputs: [{ name: 'x' }] })).body.errors[0].path).toBe('outputs.0.namespace');
    expect((await send({ ...event, newer: { part: 1 } })).status).toBe(201);
    const [kept] = await map.rows<{ event: string }>('SELECT event FROM lineage_event ORDER BY id DESC LIMIT 1');
    expect(JSON.parse(kept?.event ?? '')).toMatchObject({ newer: { part: 1 } });
    const padding = 'x'.repeat(1_100_000);
    expect((await send({ ...event, padding })).body).toMatchObject({ code: 'BODY_TOO_LARGE' });
  });

  it('is taken while the engine is away', async () => {
    api.orchestrator.unavailable = true;
    expect((await send(runEvent({ inputs: ['s3://a in'], outputs: ['s3://a kept'] }))).status).toBe(201);
    await expect.poll(() => api.log()).toContain('folded with the next upkeep');
    api.orchestrator.unavailable = false;
  });

  it('speaks for the only workspace in which its sender may, or for the one that it names', async () => {
    const event = runEvent({ inputs: ['s3://a in'], outputs: ['s3://a whose'] });
    expect((await send(event, people.viewer)).body).toMatchObject({
      code: 'FORBIDDEN',
      detail: expect.stringContaining('lineage.write'),
    });
    const both = await api.person('Both', { workspace: people.workspaceId, as: 'developer' });
    await putMember(api.database, people.elsewhereId, both.personId, 'developer');
    const unnamed = await send(event, both);
    expect(unnamed.body).toMatchObject({ status: 400, code: 'WORKSPACE_NOT_NAMED' });
    expect(unnamed.body.remedy).toContain(people.elsewhereId);
    expect((await send(event, both, `/lineage?workspaceId=${people.elsewhereId}`)).status).toBe(201);
    expect((await send(event, people.developer, `/lineage?workspaceId=${people.elsewhereId}`)).status).toBe(404);
    const nowhere = '/lineage?workspaceId=00000000-0000-4000-8000-000000000000';
    expect((await send(event, people.tenantAdmin, nowhere)).status).toBe(404);
    expect((await send(event, people.tenantAdmin)).status).toBe(201);
    const whose = await map.rows<{ workspace_id: string | null }>(
      `SELECT workspace_id FROM lineage_event WHERE event LIKE '%whose%' ORDER BY id`,
    );
    expect(whose).toEqual([{ workspace_id: people.elsewhereId }, { workspace_id: null }]);
  });

  it('shows what it names outside of the map to members of its workspace alone', async () => {
    await map.rows(`UPDATE collected_database SET visibility = 'tenant'`);
    await send(runEvent({ job: 'export', inputs: [table(2)], outputs: ['s3://secret bucket'] }));
    await fold();
    expect(JSON.stringify(await lineage(tables[2]))).toContain('s3://secret');
    const stranger = await lineage(tables[2], people.outsider);
    expect(stranger.edges).toEqual([]);
    expect(stranger.nodes[0].downstream).toEqual({ count: 0, restricted: true });
    expect(JSON.stringify(stranger)).not.toContain('secret');
    await map.rows(`UPDATE collected_database SET visibility = 'workspace'`);
  });
});

it('Of many events each is taken or refused by itself', async () => {
  const good = runEvent({ inputs: ['s3://a many'], outputs: [table(3)] });
  const { status, body } = await send(
    [good, { ...good, producer: 7 }, 'nonsense', good],
    people.developer,
    '/lineage/batch',
  );
  expect(status).toBe(200);
  expect(body).toMatchObject({
    status: 'partial_success',
    summary: { received: 4, successful: 2, failed: 2, retriable: 0, non_retriable: 2 },
    failed_events: [
      { index: 1, reason: expect.stringContaining('producer'), retriable: false },
      { index: 2, reason: expect.any(String), retriable: false },
    ],
  });
  expect((await send([], people.developer, '/lineage/batch')).body.status).toBe('success');
  expect((await send({}, people.developer, '/lineage/batch')).status).toBe(400);
  await fold();
  expect((await lineage(tables[3])).edges).toHaveLength(1);
});

describe('a namespace', () => {
  const sourceId = async () => (await map.rows<{ id: string }>('SELECT id FROM data_source'))[0]?.id ?? '';
  const path = async (rest = '') => `/data-sources/${await sourceId()}/lineage-namespaces${rest}`;

  it('that somebody adds means the data source, for events of before too, until it is taken away', async () => {
    await map.rows('UPDATE data_source SET workspace_id = ?', [people.workspaceId]);
    const called = 'jdbc-pool://orders';
    await send(
      runEvent({ job: 'pooled', inputs: ['s3://a pooled'], outputs: [`${called} shop.area_0.orders_3_daily`] }),
    );
    await fold();
    const upstreamOf = async () =>
      (await lineage(tables[3])).nodes.flatMap(
        ({ external }: { external: { name: string } | null }) => external?.name ?? [],
      );
    expect(await upstreamOf()).not.toContain('pooled');

    const added = await api.call('POST', await path(), { as: people.developer, body: { namespace: called } });
    expect(added).toMatchObject({ status: 201, body: { namespace: called } });
    await fold();
    expect(await upstreamOf()).toContain('pooled');

    const again = await api.call('POST', await path(), { as: people.developer, body: { namespace: called } });
    expect(again.body).toMatchObject({ code: 'NAME_TAKEN' });
    const listed = await api.call('GET', await path(), { as: people.viewer });
    expect(listed.body.items).toEqual([
      { id: null, namespace, createdAt: null },
      { id: null, namespace: 'postgres://db.example:5432', createdAt: null },
      { id: added.body.id, namespace: called, createdAt: expect.any(String) },
    ]);

    const gone = await api.call('DELETE', await path(`/${added.body.id}`), { as: people.developer });
    expect(gone.status).toBe(204);
    await fold();
    expect(await upstreamOf()).not.toContain('pooled');
    const twice = await api.call('DELETE', await path(`/${added.body.id}`), { as: people.developer });
    expect(twice.status).toBe(404);
  });
});

describe("lines of Hive's LineageLogger", () => {
  const line = (change: object = {}) =>
    JSON.stringify({
      version: '1.0',
      user: 'etl',
      timestamp: 1_793_500_000,
      duration: 9_000,
      jobIds: ['job_1'],
      engine: 'tez',
      database: 'default',
      hash: 'd0c1',
      queryText: 'insert into sales select o.id, sum(o.amount) from orders o where o.day > 1 group by o.id',
      edges: [
        { sources: [2], targets: [0], edgeType: 'PROJECTION' },
        { sources: [3], targets: [1], expression: 'sum(o.amount)', edgeType: 'PROJECTION' },
        { sources: [4], targets: [0, 1], expression: '(o.day > 1)', edgeType: 'PREDICATE' },
      ],
      vertices: [
        { id: 0, vertexType: 'COLUMN', vertexId: 'default.sales.id' },
        { id: 1, vertexType: 'COLUMN', vertexId: 'default.sales.total' },
        { id: 2, vertexType: 'COLUMN', vertexId: 'default.orders.id' },
        { id: 3, vertexType: 'COLUMN', vertexId: 'default.orders.amount' },
        { id: 4, vertexType: 'COLUMN', vertexId: 'default.orders.day' },
      ],
      ...change,
    });
  const hive = (raw: string, query = '?namespace=hive://meta.example:9083') =>
    api.call('POST', `/lineage/hive${query}`, {
      as: people.developer,
      raw,
      headers: { 'content-type': 'application/x-ndjson' },
    });

  it('give edges with columns, whatever the logger wrote before them', async () => {
    const toNowhere = line({ vertices: [{ id: 0, vertexType: 'COLUMN', vertexId: 'id' }], edges: [] });
    const log = `2026-11-01T10:00:00,123 INFO [HiveServer2-Handler] hooks.LineageLogger: ${line()}`;
    const { status, body } = await hive(`${log}\n\n${toNowhere}\n${line().slice(0, 80)}\n${log}\n`);
    expect(status).toBe(200);
    expect(body.summary).toMatchObject({ received: 4, successful: 3, failed: 1 });
    expect(body.failed_events).toMatchObject([{ index: 2, reason: expect.stringContaining('cut') }]);
    await fold();
    expect((await edgesOf(api.database)).filter((edge) => edge.startsWith('query'))).toEqual([
      'query d0c1: default.orders -> default.sales (day filter , id direct id, amount aggregation total)',
    ]);
  });

  it('are refused without the namespace of their names, and each that is not of their form by itself', async () => {
    expect((await hive(line(), '')).body.errors[0].path).toBe('namespace');
    const { body } = await hive(`${line({ timestamp: 'now' })}\nnothing`);
    expect(body).toMatchObject({
      status: 'failure',
      failed_events: [{ reason: expect.stringContaining('timestamp') }, {}],
    });
  });
});

it('What a job moved and was not seen to move for 90 days is marked, and left out when it is asked for without', async () => {
  await send(runEvent({ job: 'retired', inputs: ['s3://old in'], outputs: [table(3)] }));
  await fold();
  await map.rows(
    `UPDATE lineage_edge SET last_seen = now() - interval '91 days'
     WHERE process_id = (SELECT id FROM lineage_process WHERE name = 'retired') RETURNING id`,
  );
  const read = async (search: string) =>
    (await api.call('GET', `/entities/${tables[3]}/lineage?${search}`, { as: people.viewer })).body;
  const stale = ({ edges }: { edges: { processes: { name: string; stale: boolean }[] }[] }) =>
    edges.flatMap(({ processes }) => processes.filter((process) => process.stale).map(({ name }) => name));
  const all = await read('');
  expect(stale(all)).toEqual(['retired']);
  const fresh = await read('stale=hide');
  expect(stale(fresh)).toEqual([]);
  expect(fresh.edges).toHaveLength(all.edges.length - 1);
  expect(JSON.stringify(fresh.nodes)).not.toContain('s3://old');
  // From a table of the map to another, along a job that is not seen any more and nothing else.
  await send(runEvent({ job: 'retired too', inputs: [table(2)], outputs: [table(0)] }));
  await fold();
  const reach = async (search: string) => ({
    way: (await api.call('GET', `/entities/${tables[2]}/lineage/path?to=${tables[0]}&${search}`, { as: people.viewer }))
      .body,
    affected: (await api.call('GET', `/entities/${tables[2]}/impact?${search}`, { as: people.viewer })).body.total,
    lines: (await api.call('GET', `/entities/${tables[2]}/impact.csv?${search}`, { as: people.viewer })).text,
  });
  const fresher = await reach('stale=hide');
  await map.rows(
    `UPDATE lineage_edge SET last_seen = now() - interval '91 days'
     WHERE process_id = (SELECT id FROM lineage_process WHERE name = 'retired too') RETURNING id`,
  );
  const [shown, without] = [await reach(''), await reach('stale=hide')];
  for (const { way, lines } of [fresher, shown]) {
    expect(way).toMatchObject({ found: true, truncated: false });
    expect(lines).toContain('orders_0_daily');
  }
  expect(stale(shown.way)).toEqual(['retired too']);
  expect(shown.affected).toBe(fresher.affected);
  expect(without.way).toEqual({ found: false, nodes: [], edges: [], truncated: false });
  expect(without.affected).toBeLessThan(shown.affected);
  expect(without.lines).not.toContain('orders_0_daily');
});
