import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putMember } from '../../access/members.js';
import { nodesOfEntities } from '../../lineage/store/nodes.js';
import { replaceEdges } from '../../lineage/store/record-edges.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { type ApiUnderTest, type People, populate, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let people: People;
let ours: CrawledCatalog;
let theirs: CrawledCatalog;
/** Entities by a letter; `x` and `y` are of a workspace that the viewer is not in. */
const id: Record<string, string> = {};

beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
  ours = await crawledCatalog(api.database, new SyntheticSource(30, 1));
  theirs = await crawledCatalog(api.database, new SyntheticSource(2, 1), 'secret');
  await putMember(api.database, ours.workspaceId, people.viewer.personId, 'viewer');
  await putMember(api.database, ours.workspaceId, people.developer.personId, 'developer');
  await ours.crawl();
  await theirs.crawl();
  const tables = await ours.rows<{ id: string }>(
    `SELECT id FROM entity WHERE kind = 'table' AND collected_database_id = ? ORDER BY id`,
    [ours.collectedDatabaseId],
  );
  const hidden = await ours.rows<{ id: string }>(
    `SELECT id FROM entity WHERE kind = 'table' AND collected_database_id = ? ORDER BY id`,
    [theirs.collectedDatabaseId],
  );
  for (const [place, name] of [...'abcdefghijklmno'].entries()) id[name] = tables[place]?.id ?? '';
  [id.x = '', id.y = ''] = hidden.map((row) => row.id);
  // a > b > d, a > c > d: a diamond; d > a: a cycle; e > x > f: a way through what is hidden; hub h > i..o
  await draw('ab ac bd cd da ex xf hi hj hk hl hm hn ho'.split(' '));
});

afterAll(() => api.stop());

/** Draws edges, each of a query of its own, whose column `k` comes from `k`. */
async function draw(edges: string[]): Promise<void> {
  const nodes = await nodesOfEntities(api.database, Object.values(id));
  const node = (letter = '') => nodes.get(id[letter] ?? '') ?? '';
  for (const [from, to] of edges) {
    const [process] = await ours.rows<{ id: string }>(
      `INSERT INTO lineage_process (kind, key, name, collected_database_id, state)
       VALUES ('query', ?, 'nightly', ?, 'parsed') RETURNING id`,
      [randomUUID(), from === 'x' ? theirs.collectedDatabaseId : ours.collectedDatabaseId],
    );
    const processId = process?.id ?? '';
    const columns = [{ upstream: 'k', downstream: 'k', transformation: 'direct' }];
    const edge = { processId, upstream: node(from), downstream: node(to), direct: true, columns };
    await replaceEdges(api.database, [processId], [edge]);
  }
}

const get = (path: string, as = people.viewer) => api.call('GET', path, { as });
const lineage = (letter: string, query = '', as = people.viewer) => get(`/entities/${id[letter]}/lineage?${query}`, as);
const letterOf = (key: string) => Object.keys(id).find((letter) => key === `entity:${id[letter]}`) ?? key;
const drawn = ({ body }: Awaited<ReturnType<typeof lineage>>): string[] =>
  body.edges
    .map((edge: { upstream: string; downstream: string }) => letterOf(edge.upstream) + letterOf(edge.downstream))
    .sort();

describe('lineage', () => {
  it('is read against and along the flow, a step or more, through diamonds and cycles', async () => {
    expect(drawn(await lineage('a', 'direction=down'))).toEqual(['ab', 'ac']);
    expect(drawn(await lineage('a', 'direction=up'))).toEqual(['da']);
    const whole = await lineage('a', 'depth=20');
    expect(drawn(whole)).toEqual(['ab', 'ac', 'bd', 'cd', 'da']);
    expect(whole.body.nodes).toHaveLength(4);
    expect(whole.body.edges[0].processes).toMatchObject([{ kind: 'query', name: 'nightly', state: 'parsed' }]);
  });

  it('of a hub is read page by page, with exact counts', async () => {
    const first = await lineage('h', 'direction=down&limit=3');
    const hub = first.body.nodes.find(({ distance }: { distance: number }) => distance === 0);
    expect(hub.downstream).toMatchObject({ count: 7, restricted: false });
    const second = await lineage('h', `limit=3&cursor=${hub.downstream.nextCursor}`);
    const next = second.body.nodes.find(({ distance }: { distance: number }) => distance === 0).downstream.nextCursor;
    const third = await lineage('h', `limit=3&cursor=${next}`);
    expect([...drawn(first), ...drawn(second), ...drawn(third)].sort()).toEqual('hi hj hk hl hm hn ho'.split(' '));
    expect(third.body.nodes[0].downstream.nextCursor).toBeUndefined();
  });

  it('tells of what the reader may not see that it is there, and neither reads nor finds a way through it', async () => {
    const seen = await lineage('e', 'depth=5');
    expect(drawn(seen)).toEqual([]);
    expect(seen.body.nodes).toMatchObject([
      { downstream: { count: 0, restricted: true }, upstream: { restricted: false } },
    ]);
    expect(seen.text).not.toContain('secret');
    expect((await get(`/entities/${id.e}/lineage/path?to=${id.f}`)).body).toMatchObject({ found: false });
    expect((await get(`/entities/${id.e}/impact`)).body).toMatchObject({ items: [], total: 0 });
    expect((await get(`/entities/${id.e}/lineage/path?to=${id.x}`)).status).toBe(404);
    expect(drawn(await lineage('e', 'depth=5', people.tenantAdmin))).toEqual(['ex', 'xf']);
    const column = await lineage('e', 'level=column&column=k&depth=5');
    expect(column.body.nodes).toMatchObject([{ downstream: { count: 0, restricted: true } }]);
  });

  it('of a column follows that column', async () => {
    const found = await lineage('b', 'level=column&column=k&direction=down');
    expect(found.body.edges).toMatchObject([
      { columns: [{ upstream: 'k', downstream: 'k', transformation: 'direct' }] },
    ]);
    expect((await lineage('b', 'level=column&column=other')).body.edges).toEqual([]);
    expect((await lineage('b', 'column=k')).status).toBe(400);
  });

  it('of a table that no edge names is empty, and a cursor of another list is refused', async () => {
    const [last] = await ours.rows<{ id: string }>(`SELECT max(id) AS id FROM entity WHERE collected_database_id = ?`, [
      ours.collectedDatabaseId,
    ]);
    expect((await get(`/entities/${last?.id}/lineage`)).body).toEqual({
      start: null,
      nodes: [],
      edges: [],
      truncated: false,
    });
    expect((await lineage('a', 'cursor=abc')).body).toMatchObject({ code: 'INVALID_CURSOR' });
  });
});

it('A way is found along the flow, the shortest', async () => {
  const { body } = await get(`/entities/${id.a}/lineage/path?to=${id.d}`);
  expect(body.found).toBe(true);
  expect(body.nodes.map(({ key }: { key: string }) => letterOf(key)).join('')).toMatch(/^a[bc]d$/);
  expect((await get(`/entities/${id.i}/lineage/path?to=${id.h}`)).body.found).toBe(false);
});

it('What a change may reach is listed with its owners, page by page and as CSV', async () => {
  await ours.rows(`INSERT INTO annotation (entity_id) VALUES (?)`, [id.d ?? '']).catch(() => undefined);
  await ours.rows(`INSERT INTO annotation_owner (entity_id, place, name) VALUES (?, 1, 'Finance')`, [id.d ?? '']);
  const first = await get(`/entities/${id.a}/impact?limit=2`);
  expect(first.body).toMatchObject({ total: 3, truncated: false });
  const second = await get(`/entities/${id.a}/impact?limit=2&cursor=${first.body.nextCursor}`);
  const items = [...first.body.items, ...second.body.items];
  expect(items.map(({ key, distance }) => `${letterOf(key)}${distance}`).sort()).toEqual(['b1', 'c1', 'd2']);
  expect(items.at(-1).owners).toEqual(['Finance']);
  const csv = await get(`/entities/${id.a}/impact.csv`);
  expect(csv.text.trim().split('\r\n')).toHaveLength(4);
  expect(csv.text).toContain('Finance');
});

describe('an edge that a person states', () => {
  const state = (body: object, as = people.developer) =>
    api.call('POST', `/entities/${id.i}/lineage/edges`, { as, body, headers: { 'Idempotency-Key': randomUUID() } });

  it('is shown as such with its reason, and ends when it is taken back', async () => {
    const external = { namespace: 's3://landing', name: 'orders/2026' };
    const stated = await state({ direction: 'up', external, reason: 'The nightly copy job' });
    expect(stated.status).toBe(201);
    const during = new Date().toISOString();
    const { body } = await lineage('i', 'direction=up');
    const edge = body.edges.find(({ upstream }: { upstream: string }) => upstream.startsWith('external:'));
    expect(edge.processes).toMatchObject([
      { kind: 'manual', state: 'stated', reason: 'The nightly copy job', edgeId: stated.body.edgeId },
    ]);
    expect(body.nodes.map((node: { external: unknown }) => node.external)).toContainEqual(external);
    const path = `/entities/${id.i}/lineage/edges/${stated.body.edgeId}`;
    expect((await api.call('DELETE', path, { as: people.viewer })).status).toBe(403);
    expect((await api.call('DELETE', path, { as: people.developer })).status).toBe(204);
    expect((await api.call('DELETE', path, { as: people.developer })).status).toBe(404);
    expect(drawn(await lineage('i', 'direction=up'))).toEqual(['hi']);
    const past = await lineage('i', `direction=up&asOf=${during}`);
    expect(past.body.edges).toHaveLength(2);
    const times = past.body.edges.flatMap(({ processes }: { processes: { since: string; until: string | null }[] }) =>
      processes.flatMap(({ since, until }) => [since, until ?? []].flat()),
    );
    expect(times).toHaveLength(3);
    for (const time of times) expect(time).toMatch(/^[\d-]{10}T[\d:]{8}\.\d{3}Z$/);
    expect((await lineage('i', `direction=up&asOf=${during.slice(0, 10)}`)).body.edges).toHaveLength(1);
    expect((await lineage('i', 'direction=up&asOf=2020-01-31')).body.edges).toEqual([]);
    expect((await lineage('i', 'direction=up&asOf=lately')).body.errors).toEqual([
      expect.objectContaining({ path: 'asOf', message: expect.stringMatching(/^must be a date/) }),
    ]);
    const deeds = await ours.rows<{ action: string }>(
      `SELECT action FROM audit_event WHERE object_kind = 'entity' AND object_id = '${id.i}' AND action LIKE 'lineage.%' ORDER BY id`,
    );
    expect(deeds.map(({ action }) => action)).toEqual(['lineage.state', 'lineage.retract']);
  });

  it('is refused to a viewer, to itself, without another end, and to what may not be seen', async () => {
    const reason = 'because';
    expect((await state({ direction: 'up', entityId: id.a, reason }, people.viewer)).status).toBe(403);
    expect((await state({ direction: 'up', entityId: id.i, reason })).body).toMatchObject({ code: 'EDGE_TO_ITSELF' });
    expect((await state({ direction: 'up', reason })).status).toBe(400);
    expect((await state({ direction: 'up', entityId: id.x, reason })).status).toBe(404);
  });
});
