import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putMember } from '../../access/members.js';
import { settleHold } from '../../catalog/removals/settle-hold.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { type ApiUnderTest, type Caller, type People, populate, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let people: People;
beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
});
afterAll(() => api.stop());

/** A map whose workspace the viewer and the developer are in, with 13 of 40 tables held. */
async function withHold(): Promise<{ map: CrawledCatalog; source: SyntheticSource; id: string; runId: string }> {
  const source = new SyntheticSource(40);
  const map = await crawledCatalog(api.database, source);
  await putMember(api.database, map.workspaceId, people.viewer.personId, 'viewer');
  await putMember(api.database, map.workspaceId, people.developer.personId, 'developer');
  await map.crawl();
  for (let index = 0; index < 13; index += 1) source.drop(SyntheticSource.keyOf(index));
  const { runId } = await map.crawl();
  const { body } = await get(`/held-removals?crawlerId=${map.crawlerId}&status=held`);
  return { map, source, id: body.items[0].id, runId };
}
const get = (path: string, as: Caller = people.viewer) => api.call('GET', path, { as });
const post = (path: string, body: object = {}, as: Caller = people.developer) => api.call('POST', path, { as, body });
const settled = async (id: string) => {
  while ((await settleHold(api.database, id, 1_000)).next === 'more');
};
const deeds = (map: CrawledCatalog, action: string) =>
  map.rows<{ person_id: string; object_id: string }>(
    'SELECT person_id, object_id FROM audit_event WHERE action = ? ORDER BY at',
    [action],
  );

describe('held removals', () => {
  it('are listed and read with cause, run and tables, page by page', async () => {
    const { map, id, runId } = await withHold();
    const [run] = await map.rows<{ number: string }>('SELECT number FROM crawl_run WHERE id = ?', [runId]);
    expect((await get(`/held-removals/${id}`)).body).toMatchObject({
      id,
      crawler: { id: map.crawlerId, name: 'shop' },
      database: 'shop',
      status: 'held',
      cause: { code: 'REMOVALS_HELD', reason: expect.stringContaining('13 of 40'), remedy: expect.any(String) },
      tables: 13,
      of: 40,
      run: { id: runId, number: Number(run?.number) },
      can: { decide: false },
    });
    const first = await get(`/held-removals/${id}/objects?limit=8`);
    const rest = await get(`/held-removals/${id}/objects?limit=8&cursor=${first.body.nextCursor}`);
    const objects = [...first.body.items, ...rest.body.items];
    expect(objects).toHaveLength(13);
    expect(objects[0]).toMatchObject({ state: 'held', qualifiedName: expect.stringMatching(/^shop\.area_\d\./) });
    expect((await get(`/runs/${runId}/changes?change=held`)).body.items).toHaveLength(13);
    expect((await get('/held-removals?status=approved&status=rejected')).body.items).toEqual([]);
    expect((await get('/held-removals', people.outsider)).body.items).toEqual([]);
    expect((await get(`/held-removals/${id}`, people.outsider)).status).toBe(404);
  });

  it('are listed newest first, page by page', async () => {
    const [older, newer] = [await withHold(), await withHold()];
    const first = await get('/held-removals?limit=1');
    expect(first.body.items).toMatchObject([{ id: newer.id }]);
    const second = await get(`/held-removals?limit=1&cursor=${first.body.nextCursor}`);
    expect(second.body.items).toMatchObject([{ id: older.id }]);
  });

  it('are approved with a note, by who may, and done by the engine', async () => {
    const { map, id } = await withHold();
    expect((await post(`/held-removals/${id}/approve`, {}, people.viewer)).status).toBe(403);
    const approved = await post(`/held-removals/${id}/approve`, { note: 'dropped with release 7' });
    expect(approved).toMatchObject({
      status: 202,
      body: { status: 'approved', decidedBy: people.developer.personId, note: 'dropped with release 7' },
    });
    expect(api.orchestrator.calls.settleHeldRemovals).toContainEqual([
      expect.objectContaining({ id, crawlerId: map.crawlerId, decided: true }),
    ]);
    expect(await deeds(map, 'removal.approve')).toContainEqual({
      person_id: people.developer.personId,
      object_id: id,
    });
    await settled(id);
    expect((await get(`/held-removals/${id}`)).body).toMatchObject({ removed: 13, tables: 0 });
    expect((await get(`/entities?removed=true&crawlerId=${map.crawlerId}`)).body.items).toHaveLength(13);
    expect((await post(`/held-removals/${id}/approve`)).status).toBe(202);
    expect(await post(`/held-removals/${id}/reject`)).toMatchObject({ status: 409, body: { code: 'HOLD_DECIDED' } });
  });

  it('are rejected, also while the engine is away: the decision stands', async () => {
    const { id } = await withHold();
    api.orchestrator.unavailable = true;
    const answer = await post(`/held-removals/${id}/reject`, { note: 'not ours to lose' });
    api.orchestrator.unavailable = false;
    expect(answer).toMatchObject({ status: 202, body: { status: 'rejected', tables: 13 } });
  });

  it('are not there under an id that nobody gave', async () => {
    expect((await get(`/held-removals/${randomUUID()}`)).status).toBe(404);
    expect((await post(`/held-removals/${randomUUID()}/approve`)).status).toBe(404);
  });
});

describe('the bounds of a crawler', () => {
  const patch = async (map: CrawledCatalog, body: object) => {
    const { body: crawler } = await get(`/crawlers/${map.crawlerId}`);
    return api.call('PATCH', `/crawlers/${map.crawlerId}`, {
      as: people.developer,
      body,
      headers: { 'If-Match': `"${crawler.version}"` },
    });
  };

  it('can be set, also for one database, and decide what is held', async () => {
    const { map, source } = await withHold();
    expect(await patch(map, { removalGuard: { share: 0.9, tables: 0 } })).toMatchObject({
      status: 200,
      body: { removalGuard: { share: 0.9, tables: 0 }, scope: [{ removalGuard: null }] },
    });
    source.drop(SyntheticSource.keyOf(20));
    expect(await map.crawl()).toMatchObject({ removed: 1, held: 13 });
    const guards = [{ database: 'shop', guard: { share: 0, tables: 0 } }];
    expect((await patch(map, { databaseRemovalGuards: guards })).body.scope).toMatchObject([
      { removalGuard: { share: 0, tables: 0 } },
    ]);
    source.drop(SyntheticSource.keyOf(21));
    expect(await map.crawl()).toMatchObject({ removed: 0, held: 14 });
    const cleared = await patch(map, {
      removalGuard: null,
      databaseRemovalGuards: [{ database: 'shop', guard: null }],
    });
    expect(cleared.body).toMatchObject({ removalGuard: null, scope: [{ removalGuard: null }] });
  });

  it('are checked: shares from 0 to 1, and databases of the scope', async () => {
    const { map } = await withHold();
    expect((await patch(map, { removalGuard: { share: 30, tables: 10 } })).status).toBe(400);
    const strange = { databaseRemovalGuards: [{ database: 'hr', guard: null }] };
    expect(await patch(map, strange)).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT' } });
  });
});

describe('what was removed', () => {
  it('is listed for its workspace, restored by who may, and then on the map again', async () => {
    const { map, source, id: holdId } = await withHold();
    // Rejected, the thirteen no longer count towards the bounds.
    await post(`/held-removals/${holdId}/reject`);
    source.drop(SyntheticSource.keyOf(20));
    await api.database.raw(`UPDATE collected_database SET visibility = 'tenant' WHERE id = ?`, [
      map.collectedDatabaseId,
    ]);
    await map.crawl();
    const removed = await get(`/entities?removed=true&crawlerId=${map.crawlerId}&kind=table`);
    expect(removed.body.items).toHaveLength(1);
    const { id, removedAt } = removed.body.items[0];
    expect(removedAt).not.toBeNull();
    expect((await get('/entities?removed=true', people.outsider)).body.items).toEqual([]);
    expect((await post(`/entities/${id}/restore`, {}, people.viewer)).status).toBe(403);
    expect((await post(`/entities/${id}/restore`, {}, people.outsider)).status).not.toBe(200);
    expect(await post(`/entities/${id}/restore`)).toMatchObject({ status: 200, body: { id, removedAt: null } });
    expect(await post(`/entities/${id}/restore`)).toMatchObject({ status: 409, body: { code: 'NOT_REMOVED' } });
    expect(await deeds(map, 'entity.restore')).toContainEqual({ person_id: people.developer.personId, object_id: id });
    expect((await get(`/entities?removed=true&crawlerId=${map.crawlerId}&kind=table`)).body.items).toEqual([]);
  });
});
