import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { putMember, removeMember } from '../../access/members.js';
import { updatePerson } from '../../access/people.js';
import { createWorkspace, deleteWorkspace } from '../../access/workspaces.js';
import { restoreEntity } from '../../catalog/removals/restore-entity.js';
import { purgeTombstones } from '../../catalog/retire/purge-tombstones.js';
import { retireBatch } from '../../catalog/retire/retire-batch.js';
import { type CrawledCatalog, crawledCatalog, tableNamed } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { type ApiUnderTest, type Caller, type People, populate, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let people: People;
/** Everybody may see the one, and its workspace's members alone the other. */
let shown: CrawledCatalog;
let hidden: CrawledCatalog;
let shownSource: SyntheticSource;
let shownIds: string[];
let hiddenIds: string[];
/** Sees both databases, by membership; the outsider sees `shown` alone. */
let insider: Caller;

const tablesIn = async (catalog: CrawledCatalog): Promise<string[]> =>
  (
    await catalog.rows<{ id: string }>(
      `SELECT id FROM entity WHERE collected_database_id = ? AND kind = 'table' ORDER BY id`,
      [catalog.collectedDatabaseId],
    )
  ).map(({ id }) => id);

beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
  shownSource = new SyntheticSource(12, 1);
  shown = await crawledCatalog(api.database, shownSource);
  hidden = await crawledCatalog(api.database, new SyntheticSource(6, 1));
  await shown.crawl();
  await hidden.crawl();
  await shown.rows(`UPDATE collected_database SET visibility = 'tenant' WHERE id = ?`, [shown.collectedDatabaseId]);
  await hidden.rows(`UPDATE collected_database SET visibility = 'workspace' WHERE id = ?`, [
    hidden.collectedDatabaseId,
  ]);
  shownIds = await tablesIn(shown);
  hiddenIds = await tablesIn(hidden);
  insider = await api.person('Insider', { workspace: hidden.workspaceId, as: 'viewer' });
  await putMember(api.database, shown.workspaceId, insider.personId, 'viewer');
});

afterAll(() => api.stop());

const get = (path: string, as: Caller) => api.call('GET', path, { as });
const post = (path: string, as: Caller, body: unknown, headers?: Record<string, string>) =>
  api.call('POST', path, { as, body, ...(headers === undefined ? {} : { headers }) });
const edit = (method: string, path: string, as: Caller, body: unknown, version: number) =>
  api.call(method, path, { as, body, headers: { 'if-match': `"${version}"` } });

async function collect(as: Caller, words: Record<string, unknown> = {}): Promise<string> {
  const made = await post('/collections', as, { name: 'Orders', visibility: 'public', ...words });
  expect(made.status).toBe(201);
  return made.body.id;
}
const add = (id: string, as: Caller, ids: readonly string[], more: Record<string, unknown> = {}) =>
  post(`/collections/${id}/items`, as, { items: ids.map((entity) => ({ id: entity, ...more })) });
async function itemsOf(id: string, as: Caller, query = ''): Promise<string[]> {
  const { body } = await get(`/collections/${id}/items?${query}`, as);
  return body.items.map((item: { entity: { id: string } }) => item.entity.id);
}
async function namesFor(as: Caller, query = ''): Promise<string[]> {
  const { body } = await get(`/collections?${query}`, as);
  return body.items.map((item: { name: string }) => item.name);
}

describe('a collection', () => {
  it('is its maker’s alone unless it is shared, and is made once for a key', async () => {
    const body = { name: 'Mine', description: '**What** I use', coverColor: '#2f6fed' };
    const made = await post('/collections', insider, body, { 'idempotency-key': 'mine' });
    const again = await post('/collections', insider, body, { 'idempotency-key': 'mine' });
    expect(made).toMatchObject({
      status: 201,
      body: {
        ...body,
        visibility: 'private',
        workspace: null,
        official: null,
        mine: true,
        owners: [{ id: insider.personId, disabled: false }],
        itemCount: 0,
        sections: [],
        can: { edit: true, delete: true, certify: false },
        version: 1,
      },
    });
    expect(made.headers.get('etag')).toBe('"1"');
    expect(again.body.id).toBe(made.body.id);
    for (const other of [people.outsider, people.viewer])
      expect(await get(`/collections/${made.body.id}`, other)).toMatchObject({ status: 404 });
    expect(await get(`/collections/${made.body.id}`, people.tenantAdmin)).toMatchObject({ status: 200 });
  });

  it('of a workspace is seen by its members, and made by members only', async () => {
    const id = await collect(people.viewer, { visibility: 'workspace', workspaceId: people.workspaceId });
    expect(await get(`/collections/${id}`, people.developer)).toMatchObject({ status: 200, body: { mine: false } });
    expect(await get(`/collections/${id}`, people.outsider)).toMatchObject({ status: 404 });
    const foreign = { name: 'x', visibility: 'workspace', workspaceId: people.workspaceId };
    expect(await post('/collections', people.outsider, foreign)).toMatchObject({ status: 404 });
  });

  it('has a workspace where members see it and none where it is private', async () => {
    expect(await post('/collections', insider, { name: 'x', visibility: 'workspace' })).toMatchObject({
      status: 400,
      body: { code: 'INVALID_INPUT', errors: [{ path: 'workspaceId' }] },
    });
    const both = { name: 'x', visibility: 'private', workspaceId: hidden.workspaceId };
    expect(await post('/collections', insider, both)).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT' } });
  });

  it('is changed by its owners, on the version they read', async () => {
    const id = await collect(insider);
    expect(await api.call('PATCH', `/collections/${id}`, { as: insider, body: { name: 'New' } })).toMatchObject({
      status: 428,
    });
    expect(await edit('PATCH', `/collections/${id}`, insider, { name: 'New' }, 1)).toMatchObject({
      status: 200,
      body: { name: 'New', version: 2 },
    });
    expect(await edit('PATCH', `/collections/${id}`, insider, { name: 'Newer' }, 1)).toMatchObject({
      status: 412,
      body: { currentVersion: 2, current: { name: 'New' } },
    });
    expect(await edit('PATCH', `/collections/${id}`, people.outsider, { name: 'Theirs' }, 2)).toMatchObject({
      status: 403,
      body: { remedy: 'Ask one of its owners: Insider.' },
    });
  });

  it('of others is changed by an admin of its workspace, who cannot hide it from everybody', async () => {
    const id = await collect(people.viewer, { workspaceId: people.workspaceId });
    expect(await edit('PATCH', `/collections/${id}`, people.admin, { name: 'Tidy' }, 1)).toMatchObject({ status: 200 });
    expect(await edit('PATCH', `/collections/${id}`, people.admin, { visibility: 'private' }, 2)).toMatchObject({
      status: 403,
    });
    expect(await edit('PATCH', `/collections/${id}`, people.developer, { name: 'x' }, 2)).toMatchObject({
      status: 403,
    });
  });

  it('moves only into a workspace that its owner is a member of', async () => {
    const id = await collect(people.outsider);
    const into = { visibility: 'workspace', workspaceId: people.workspaceId };
    expect(await edit('PATCH', `/collections/${id}`, people.outsider, into, 1)).toMatchObject({ status: 404 });
    const home = { visibility: 'workspace', workspaceId: people.elsewhereId };
    expect(await edit('PATCH', `/collections/${id}`, people.outsider, home, 1)).toMatchObject({ status: 200 });
    const left = await api.person('Left', { workspace: people.workspaceId });
    const homely = await collect(left, { workspaceId: people.workspaceId });
    await removeMember(api.database, people.workspaceId, left.personId);
    const back = await edit('PATCH', `/collections/${homely}`, left, { visibility: 'workspace' }, 1);
    expect(back).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    expect(
      await edit('PATCH', `/collections/${homely}`, left, { name: 'Still mine', visibility: 'public' }, 1),
    ).toMatchObject({
      status: 200,
    });
  });

  it('that is deleted is gone for everybody, and every change is on record', async () => {
    const id = await collect(insider);
    await add(id, insider, shownIds.slice(0, 2));
    expect(await api.call('DELETE', `/collections/${id}`, { as: people.outsider })).toMatchObject({ status: 403 });
    expect(await api.call('DELETE', `/collections/${id}`, { as: insider })).toMatchObject({ status: 204 });
    expect(await get(`/collections/${id}`, insider)).toMatchObject({ status: 404 });
    const deeds = await shown.rows<{ action: string }>(
      `SELECT action FROM audit_event WHERE object_kind = 'collection' AND object_id = ? ORDER BY id`,
      [id],
    );
    expect(deeds.map(({ action }) => action)).toEqual([
      'collection.create',
      'collection.add_items',
      'collection.delete',
    ]);
  });
});

describe('the official mark', () => {
  it('is given by an admin of the workspace or of the installation, and leaves when others get to see it', async () => {
    const id = await collect(people.viewer, { visibility: 'workspace', workspaceId: people.workspaceId });
    const put = (as: Caller) => api.call('PUT', `/collections/${id}/official`, { as });
    expect(await put(people.viewer)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    expect(await put(people.outsider)).toMatchObject({ status: 404 });
    expect(await put(people.admin)).toMatchObject({
      status: 200,
      body: { official: { by: { id: people.admin.personId } } },
    });
    // The first who gave it stays named.
    expect((await put(people.tenantAdmin)).body.official.by.id).toBe(people.admin.personId);
    const opened = await edit('PATCH', `/collections/${id}`, people.viewer, { visibility: 'public' }, 1);
    expect(opened.body).toMatchObject({ visibility: 'public', official: null });
    await put(people.admin);
    const off = await api.call('DELETE', `/collections/${id}/official`, { as: people.admin });
    expect(off.body.official).toBeNull();
  });

  it('of what belongs to no workspace is the installation’s to give, and a private one has none', async () => {
    const id = await collect(people.admin);
    expect(await api.call('PUT', `/collections/${id}/official`, { as: people.admin })).toMatchObject({ status: 403 });
    const own = await collect(people.tenantAdmin, { visibility: 'private' });
    expect(await api.call('PUT', `/collections/${own}/official`, { as: people.tenantAdmin })).toMatchObject({
      status: 409,
      body: { code: 'PRIVATE_NOT_OFFICIAL' },
    });
  });
});

describe('owners and followers', () => {
  it('are several; one who can sign in is left', async () => {
    const id = await collect(people.viewer, { visibility: 'workspace', workspaceId: people.workspaceId });
    const owner = (method: string, who: Caller, as: Caller) =>
      api.call(method, `/collections/${id}/owners/${who.personId}`, { as });
    expect(await owner('PUT', people.outsider, people.viewer)).toMatchObject({
      status: 409,
      body: { code: 'OWNER_NOT_MEMBER' },
    });
    expect(await owner('DELETE', people.viewer, people.viewer)).toMatchObject({
      status: 409,
      body: { code: 'LAST_OWNER' },
    });
    expect((await owner('PUT', people.developer, people.viewer)).body.owners).toMatchObject([
      { name: 'Developer' },
      { name: 'Viewer' },
    ]);
    expect(await edit('PATCH', `/collections/${id}`, people.developer, { name: 'Ours' }, 1)).toMatchObject({
      status: 200,
    });
    expect(await owner('DELETE', people.viewer, people.viewer)).toMatchObject({ status: 204 });
    expect(await owner('DELETE', people.viewer, people.developer)).toMatchObject({ status: 404 });
  });

  it('follow what they see, and find what they follow', async () => {
    const id = await collect(insider, { name: 'Followed' });
    const follow = (method: string) => api.call(method, `/collections/${id}/follow`, { as: people.outsider });
    await follow('PUT');
    expect((await follow('PUT')).body).toEqual({ following: true, followers: 1 });
    expect(await namesFor(people.outsider, 'followed=true')).toEqual(['Followed']);
    await edit('PATCH', `/collections/${id}`, insider, { visibility: 'private' }, 1);
    expect(await namesFor(people.outsider, 'followed=true')).toEqual([]);
    expect(await follow('DELETE')).toMatchObject({ status: 404 });
  });
});

describe('the list', () => {
  it('is filtered, and read page by page in either order', async () => {
    const place = await createWorkspace(api.database, { name: 'lists' }, people.tenantAdmin.personId);
    const reader = await api.person('Reader', { workspace: place.id, as: 'admin' });
    const words = { visibility: 'workspace', workspaceId: place.id };
    const names = ['beta', 'Alpha', 'alpha', 'gamma 100%'];
    const ids: string[] = [];
    for (const name of names) ids.push(await collect(reader, { ...words, name }));
    await api.call('PUT', `/collections/${ids[0]}/official`, { as: reader });
    const inPlace = `workspaceId=${place.id}`;
    const paged = async (sort: string): Promise<string[]> => {
      const seen: string[] = [];
      let cursor = '';
      do {
        const page = await get(`/collections?${inPlace}&sort=${sort}&limit=1${cursor}`, reader);
        seen.push(...page.body.items.map((item: { name: string }) => item.name));
        cursor = page.body.nextCursor === undefined ? '' : `&cursor=${page.body.nextCursor}`;
      } while (cursor !== '');
      return seen;
    };
    expect((await paged('name')).map((name) => name.toLowerCase())).toEqual(['alpha', 'alpha', 'beta', 'gamma 100%']);
    expect(new Set(await paged('name')).size).toBe(4);
    expect(await paged('updated')).toEqual([...names].reverse());
    expect(await namesFor(reader, `${inPlace}&official=true`)).toEqual(['beta']);
    expect(await namesFor(reader, `${inPlace}&q=${encodeURIComponent('00%')}`)).toEqual(['gamma 100%']);
    expect(await namesFor(reader, `${inPlace}&q=ALPHA`)).toHaveLength(2);
    expect(await namesFor(reader, `${inPlace}&mine=false`)).toEqual([]);
    expect(await namesFor(people.outsider, inPlace)).toEqual([]);
    const foreign = await get(`/collections?sort=updated&limit=1&${inPlace}`, reader);
    expect(await get(`/collections?sort=name&cursor=${foreign.body.nextCursor}x`, reader)).toMatchObject({
      status: 400,
    });
  });
});

describe('items', () => {
  it('are added by id or guid, up to 500 at once, with an outcome for each', async () => {
    const id = await collect(insider);
    const [guid] = await shown.rows<{ guid: string }>('SELECT guid FROM entity WHERE id = ?', [shownIds[1]]);
    const { status, body } = await post(`/collections/${id}/items`, insider, {
      items: [
        { id: shownIds[0], note: 'the *first*' },
        { guid: guid?.guid },
        { id: shownIds[1] },
        { id: '999999999' },
        { guid: 'postgresql-table:nowhere' },
      ],
    });
    expect(status).toBe(200);
    expect(body.added).toBe(2);
    expect(body.outcomes).toEqual([
      { id: shownIds[0], outcome: 'added', entityId: shownIds[0] },
      { guid: guid?.guid, outcome: 'added', entityId: shownIds[1] },
      { id: shownIds[1], outcome: 'already', entityId: shownIds[1] },
      { id: '999999999', outcome: 'not_found', entityId: null },
      { guid: 'postgresql-table:nowhere', outcome: 'not_found', entityId: null },
    ]);
    const listed = await get(`/collections/${id}/items`, insider);
    expect(listed.body.items[0]).toMatchObject({
      entity: { id: shownIds[0], kind: 'table', qualifiedName: expect.stringMatching(/^shop\.area_0\./) },
      note: 'the *first*',
      removedReason: null,
      addedBy: { id: insider.personId },
    });
    const many = Array.from({ length: 500 }, (_, at) => ({ id: String(900_000_000 + at) }));
    expect((await post(`/collections/${id}/items`, insider, { items: many })).body.outcomes).toHaveLength(500);
    const tooMany = [...many, { id: '1' }];
    expect(await post(`/collections/${id}/items`, insider, { items: tooMany })).toMatchObject({ status: 400 });
    expect(await post(`/collections/${id}/items`, insider, { items: [{ id: '1', guid: 'x' }] })).toMatchObject({
      status: 400,
    });
  });

  it('are refused to a collection that would hold more than 5,000, all of them', async () => {
    const id = await collect(insider);
    await shown.rows(
      `WITH made AS (
         INSERT INTO entity (guid, kind, type, collected_database_id, name, hash, changed_run_id, removed_at)
         SELECT 'filler', 'table', 'TABLE', ?, 'filler ' || n, '', gen_random_uuid(), now() FROM generate_series(1, 4999) n
         RETURNING id
       )
       INSERT INTO collection_item (collection_id, entity_id, place) SELECT ?, id, id FROM made`,
      [shown.collectedDatabaseId, id],
    );
    expect(await add(id, insider, shownIds.slice(0, 2))).toMatchObject({
      status: 409,
      body: { code: 'COLLECTION_FULL' },
    });
    expect((await add(id, insider, shownIds.slice(0, 1))).body.added).toBe(1);
    expect((await get(`/collections/${id}`, insider)).body).toMatchObject({ itemCount: 5_000, removedCount: 4_999 });
    await shown.rows(`DELETE FROM entity WHERE guid = 'filler'`);
  });

  it('carry notes, each with a version of its own', async () => {
    const id = await collect(insider);
    await add(id, insider, shownIds.slice(0, 2));
    const path = `/collections/${id}/items/${shownIds[0]}`;
    const read = await get(path, people.outsider);
    expect(read.headers.get('etag')).toBe('"1"');
    expect(await edit('PATCH', path, people.outsider, { note: 'x' }, 1)).toMatchObject({ status: 403 });
    expect(await edit('PATCH', path, insider, { note: 'Use this.' }, 1)).toMatchObject({
      status: 200,
      body: { note: 'Use this.', version: 2 },
    });
    expect(await edit('PATCH', path, insider, { note: null }, 1)).toMatchObject({ status: 412 });
    expect(await itemsOf(id, insider, 'q=USE')).toEqual([shownIds[0]]);
    // Somebody else's addition is no conflict with an edit of the collection's own words.
    expect(await edit('PATCH', `/collections/${id}`, insider, { name: 'Renamed' }, 1)).toMatchObject({ status: 200 });
  });

  it('are moved next to each other and to the ends, one or several', async () => {
    const id = await collect(insider);
    const [a, b, c, d] = shownIds as [string, string, string, string];
    await add(id, insider, [a, b, c, d]);
    const move = async (entityIds: string[], to: unknown) =>
      (await post(`/collections/${id}/items/move`, insider, { entityIds, to })).status;
    await move([d, c], { before: b });
    expect(await itemsOf(id, insider)).toEqual([a, d, c, b]);
    await move([a], { after: c });
    expect(await itemsOf(id, insider)).toEqual([d, c, a, b]);
    await move([b], { sectionId: null, at: 'start' });
    await move([d], { sectionId: null });
    expect(await itemsOf(id, insider)).toEqual([b, c, a, d]);
    expect(await move([a], { before: a })).toBe(400);
    expect(await move([a], { before: '999999999' })).toBe(404);
    const gone = await post(`/collections/${id}/items/move`, insider, {
      entityIds: [a, '999999999'],
      to: { sectionId: null },
    });
    expect(gone.body).toEqual({ changed: [a], notFound: ['999999999'] });
  });

  it('are taken out one by one or many at once', async () => {
    const id = await collect(insider);
    await add(id, insider, shownIds.slice(0, 4));
    const path = `/collections/${id}/items/${shownIds[0]}`;
    expect(await api.call('DELETE', path, { as: people.outsider })).toMatchObject({ status: 403 });
    expect(await api.call('DELETE', path, { as: insider })).toMatchObject({ status: 204 });
    expect(await api.call('DELETE', path, { as: insider })).toMatchObject({ status: 404 });
    const out = await post(`/collections/${id}/items/remove`, insider, { entityIds: shownIds.slice(0, 3) });
    expect(out.body).toEqual({ changed: shownIds.slice(1, 3), notFound: [shownIds[0]] });
    expect(await itemsOf(id, insider)).toEqual([shownIds[3]]);
  });
});

describe('sections', () => {
  it('group items, are put in order, and leave their items behind', async () => {
    const id = await collect(insider);
    const section = async (name: string) =>
      (await post(`/collections/${id}/sections`, insider, { name })).body.sections.at(-1).id as string;
    const [facts, dimensions] = [await section('Facts'), await section('Dimensions')];
    const [a, b, c] = shownIds as [string, string, string];
    await add(id, insider, [a], { sectionId: dimensions });
    await add(id, insider, [b], { sectionId: facts });
    await add(id, insider, [c]);
    expect(await itemsOf(id, insider)).toEqual([c, b, a]);
    expect(await itemsOf(id, insider, `sectionId=${facts}`)).toEqual([b]);
    expect(await itemsOf(id, insider, 'sectionId=none')).toEqual([c]);
    const order = { sectionIds: [dimensions, facts] };
    expect(await edit('PUT', `/collections/${id}/sections`, insider, order, 1)).toMatchObject({ status: 412 });
    const ordered = await edit('PUT', `/collections/${id}/sections`, insider, order, 3);
    expect(ordered.body.sections).toMatchObject([
      { name: 'Dimensions', itemCount: 1 },
      { name: 'Facts', itemCount: 1 },
    ]);
    expect(await itemsOf(id, insider)).toEqual([c, a, b]);
    for (const sectionIds of [[facts], [facts, facts], [facts, dimensions, people.workspaceId]])
      expect(await edit('PUT', `/collections/${id}/sections`, insider, { sectionIds }, 4)).toMatchObject({
        status: 400,
      });
    await post(`/collections/${id}/items/move`, insider, { entityIds: [c], to: { after: b } });
    expect(await itemsOf(id, insider, `sectionId=${facts}`)).toEqual([b, c]);
    const renamed = await edit('PATCH', `/collections/${id}/sections/${facts}`, insider, { name: 'Events' }, 4);
    expect(renamed.body).toMatchObject({ version: 5, sections: [{ name: 'Dimensions' }, { name: 'Events' }] });
    await add(id, insider, [shownIds[5] ?? '']);
    const left = await api.call('DELETE', `/collections/${id}/sections/${facts}`, { as: insider });
    expect(left.body.sections).toMatchObject([{ name: 'Dimensions' }]);
    expect(await itemsOf(id, insider)).toEqual([shownIds[5], b, c, a]);
  });

  it('belong to their collection', async () => {
    const [one, other] = [await collect(insider), await collect(insider)];
    const made = await post(`/collections/${other}/sections`, insider, { name: 'Theirs' });
    const sectionId = made.body.sections[0].id;
    expect(await add(one, insider, shownIds.slice(0, 1), { sectionId })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'items.0.sectionId' }] },
    });
    expect(await edit('PATCH', `/collections/${one}/sections/${sectionId}`, insider, { name: 'x' }, 1)).toMatchObject({
      status: 404,
    });
    await add(one, insider, shownIds.slice(0, 1));
    const to = { sectionId };
    expect(await post(`/collections/${one}/items/move`, insider, { entityIds: [shownIds[0]], to })).toMatchObject({
      status: 404,
    });
  });
});

describe('who may not see an entity', () => {
  let id: string;
  /** Shown and hidden in turn. */
  let order: string[];

  beforeEach(async () => {
    id = await collect(insider);
    await api.call('PUT', `/collections/${id}/owners/${people.outsider.personId}`, { as: insider });
    order = hiddenIds.slice(0, 3).flatMap((secret, at) => [secret, shownIds[at] ?? '']);
    await add(id, insider, order, { note: 'known to insiders' });
  });

  it('does not find it in lists, counts, pages or cursors', async () => {
    const open = shownIds.slice(0, 3);
    expect(await itemsOf(id, insider)).toEqual(order);
    expect(await itemsOf(id, people.outsider)).toEqual(open);
    expect((await get(`/collections/${id}`, people.outsider)).body.itemCount).toBe(3);
    expect((await get(`/collections/${id}`, insider)).body.itemCount).toBe(6);
    const counted = (await get('/collections?followed=false&limit=500', people.outsider)).body.items;
    expect(counted.find((item: { id: string }) => item.id === id).itemCount).toBe(3);
    const first = await get(`/collections/${id}/items?limit=2`, people.outsider);
    expect(first.body.items).toHaveLength(2);
    // It says which item it goes on from, and not how many stand before it.
    expect(JSON.parse(Buffer.from(first.body.nextCursor, 'base64url').toString())).toEqual([open[1]]);
    const second = await get(`/collections/${id}/items?limit=2&cursor=${first.body.nextCursor}`, people.outsider);
    expect(second.body).toMatchObject({ items: [{ entity: { id: open[2] } }] });
    expect(second.body.nextCursor).toBeUndefined();
    expect(await itemsOf(id, people.outsider, 'q=insiders')).toEqual(open);
  });

  it('is told the same of it as of what is not there, whatever it asks', async () => {
    const [secret, absent] = [order[0] ?? '', '999999999'];
    const answers = async (entityId: string) => {
      const cursor = Buffer.from(JSON.stringify([entityId])).toString('base64url');
      const body = { entityIds: [entityId], to: { sectionId: null } };
      const asked = [
        await get(`/collections/${id}/items/${entityId}`, people.outsider),
        await edit('PATCH', `/collections/${id}/items/${entityId}`, people.outsider, { note: 'x' }, 1),
        await api.call('DELETE', `/collections/${id}/items/${entityId}`, { as: people.outsider }),
        await get(`/collections/${id}/items?cursor=${cursor}`, people.outsider),
        await get(`/entities/${entityId}/collections`, people.outsider),
        await add(id, people.outsider, [entityId]),
        await post(`/collections/${id}/items/remove`, people.outsider, { entityIds: [entityId] }),
        await post(`/collections/${id}/items/move`, people.outsider, body),
        await post(`/collections/${id}/items/move`, people.outsider, {
          entityIds: [shownIds[0]],
          to: { before: entityId },
        }),
      ];
      return asked.map(({ status, text }) => ({
        status,
        text: text.replaceAll(entityId, 'it').replace(/"requestId":"[^"]*"/, ''),
      }));
    };
    const ofSecret = await answers(secret);
    expect(ofSecret).toEqual(await answers(absent));
    expect(ofSecret.map(({ status }) => status)).toEqual([404, 404, 404, 400, 404, 200, 200, 200, 404]);
    expect(await itemsOf(id, insider)).toEqual(order);
  });

  it('moves others around it without taking it along', async () => {
    const [s1, a, s2, b, s3, c] = order as [string, string, string, string, string, string];
    await post(`/collections/${id}/items/move`, people.outsider, { entityIds: [c], to: { before: a } });
    expect(await itemsOf(id, people.outsider)).toEqual([c, a, b]);
    expect(await itemsOf(id, insider)).toEqual([s1, c, a, s2, b, s3]);
  });

  it('sees it from the next request on when that changes, and no more when it changes back', async () => {
    const visibility = (to: string) =>
      hidden.rows('UPDATE collected_database SET visibility = ? WHERE id = ?', [to, hidden.collectedDatabaseId]);
    await visibility('tenant');
    expect(await itemsOf(id, people.outsider)).toEqual(order);
    await visibility('workspace');
    expect(await itemsOf(id, people.outsider)).toHaveLength(3);
    await removeMember(api.database, hidden.workspaceId, insider.personId);
    expect(await itemsOf(id, insider)).toEqual(shownIds.slice(0, 3));
    await putMember(api.database, hidden.workspaceId, insider.personId, 'viewer');
  });

  it('is told of no collection that it may not see on the page of an entity that it may', async () => {
    const secret = await collect(insider, { name: 'Secret plans', visibility: 'private' });
    await add(secret, insider, shownIds.slice(0, 1));
    const of = async (as: Caller) => (await get(`/entities/${shownIds[0]}/collections`, as)).body.items;
    expect((await of(insider)).map((item: { id: string }) => item.id)).toContain(secret);
    const seen = await of(people.outsider);
    expect(seen.map((item: { id: string }) => item.id)).toContain(id);
    expect(JSON.stringify(seen)).not.toContain('Secret plans');
  });
});

describe('what happens to an entity', () => {
  const idOf = async (key: string): Promise<string> => (await tableNamed(shown, shownSource.get(key).name)).id;

  it('is seen in its collections: renamed, removed and restored under the id it had', async () => {
    const id = await collect(insider);
    const key = SyntheticSource.keyOf(8);
    const entity = await idOf(key);
    await add(id, insider, [entity], { note: 'keep' });
    const read = async () => (await get(`/collections/${id}/items/${entity}`, insider)).body;
    shownSource.edit(key, { name: 'orders_renamed' });
    await shown.crawl();
    expect(await read()).toMatchObject({ entity: { id: entity, name: 'orders_renamed' }, removedReason: null });
    const table = shownSource.get(key);
    shownSource.drop(key);
    await shown.crawl();
    expect(await read()).toMatchObject({
      entity: { name: 'orders_renamed', removedAt: expect.any(String) },
      removedReason: 'gone_from_source',
      note: 'keep',
    });
    expect((await get(`/collections/${id}`, insider)).body).toMatchObject({ itemCount: 1, removedCount: 1 });
    expect(await itemsOf(id, insider, 'removed=true')).toEqual([entity]);
    expect(await itemsOf(id, insider, 'removed=false')).toEqual([]);
    await restoreEntity(api.database, entity);
    expect(await read()).toMatchObject({ entity: { removedAt: null }, removedReason: null, note: 'keep' });
    shownSource.put(table);
    await shown.crawl();
    expect(await read()).toMatchObject({ entity: { id: entity }, removedReason: null });
  });

  it('ends its items when it is purged', async () => {
    const id = await collect(insider);
    const key = SyntheticSource.keyOf(9);
    const entity = await idOf(key);
    await add(id, insider, [entity]);
    shownSource.drop(key);
    await shown.crawl();
    await shown.rows(`UPDATE entity SET removed_at = now() - interval '31 days' WHERE id = ?`, [entity]);
    await purgeTombstones(api.database, shown.collectedDatabaseId, { days: 30, limit: 10 });
    expect((await get(`/collections/${id}`, insider)).body.itemCount).toBe(0);
  });

  it('is remembered as not collected for members of its workspace, for nobody else, when its database leaves', async () => {
    const source = new SyntheticSource(2, 1);
    const leaving = await crawledCatalog(api.database, source);
    await leaving.crawl();
    await leaving.rows(`UPDATE collected_database SET visibility = 'tenant' WHERE id = ?`, [
      leaving.collectedDatabaseId,
    ]);
    const member = await api.person('Member', { workspace: leaving.workspaceId });
    const id = await collect(member);
    const ids = await tablesIn(leaving);
    await add(id, member, ids);
    expect(await itemsOf(id, people.outsider)).toEqual(ids);
    await leaving.rows('UPDATE collected_database SET retiring_at = now() WHERE id = ?', [leaving.collectedDatabaseId]);
    const gone = async () => {
      for (const as of [member, people.tenantAdmin])
        expect((await get(`/collections/${id}/items`, as)).body.items).toMatchObject(
          ids.map(() => ({ entity: { removedAt: expect.any(String) }, removedReason: 'not_collected' })),
        );
      expect(await itemsOf(id, people.outsider)).toEqual([]);
      expect((await get(`/collections/${id}`, people.outsider)).body).toMatchObject({ itemCount: 0, removedCount: 0 });
    };
    await gone();
    while ((await retireBatch(api.database, leaving.crawlerId, 1)) > 0);
    await gone();
    expect((await add(await collect(member), member, ids)).body.added).toBe(0);
  });
});

describe('when those who own it go', () => {
  it('a collection of a deleted workspace becomes private to the owners who were members, a public one stays', async () => {
    const place = await createWorkspace(api.database, { name: 'short-lived' }, people.tenantAdmin.personId);
    const [stays, left] = [
      await api.person('Stays', { workspace: place.id }),
      await api.person('Left', { workspace: place.id }),
    ];
    const words = { workspaceId: place.id };
    const inner = await collect(stays, { ...words, name: 'inner', visibility: 'workspace' });
    const outer = await collect(stays, { ...words, name: 'outer', visibility: 'public' });
    await api.call('PUT', `/collections/${inner}/owners/${left.personId}`, { as: stays });
    await api.call('PUT', `/collections/${inner}/official`, { as: people.tenantAdmin });
    await removeMember(api.database, place.id, left.personId);
    await deleteWorkspace(api.database, place.id);
    expect((await get(`/collections/${inner}`, stays)).body).toMatchObject({
      visibility: 'private',
      workspace: null,
      official: null,
      owners: [{ name: 'Stays' }],
      mine: true,
    });
    expect(await get(`/collections/${inner}`, left)).toMatchObject({ status: 404 });
    expect((await get(`/collections/${outer}`, people.outsider)).body).toMatchObject({
      visibility: 'public',
      workspace: null,
    });
  });

  it('a person’s collections are found by admins and handed to somebody else', async () => {
    const leaver = await api.person('Leaver');
    const id = await collect(leaver, { name: 'Orphan', visibility: 'private' });
    await updatePerson(api.database, leaver.personId, { disabled: true });
    expect((await get(`/collections/${id}`, people.tenantAdmin)).body.owners).toMatchObject([{ disabled: true }]);
    await shown.rows('DELETE FROM person WHERE id = ?', [leaver.personId]);
    expect(await namesFor(people.tenantAdmin, 'withoutOwner=true')).toContain('Orphan');
    expect(await namesFor(insider, 'withoutOwner=true')).not.toContain('Orphan');
    const handed = await api.call('PUT', `/collections/${id}/owners/${insider.personId}`, { as: people.tenantAdmin });
    expect(handed.body).toMatchObject({ owners: [{ name: 'Insider' }], createdBy: null });
    expect(await get(`/collections/${id}`, insider)).toMatchObject({ status: 200, body: { mine: true } });
  });
});
