import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putMember } from '../../access/members.js';
import { drainOutbox } from '../../search/outbox.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { type ApiUnderTest, type People, populate, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let people: People;
let catalog: CrawledCatalog;
let source: SyntheticSource;

beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
  source = new SyntheticSource(30, 3);
  catalog = await crawledCatalog(api.database, source);
  await putMember(api.database, catalog.workspaceId, people.developer.personId, 'developer');
  await putMember(api.database, catalog.workspaceId, people.viewer.personId, 'viewer');
  await catalog.crawl();
});

afterAll(() => api.stop());

const get = (path: string, as = people.viewer) => api.call('GET', path, { as });
const patch = (path: string, body: unknown, version: number, as = people.developer) =>
  api.call('PATCH', path, { as, body, headers: { 'if-match': `"${version}"` } });

async function tableOf(place: number): Promise<string> {
  const [row] = await catalog.rows<{ id: string }>(`SELECT id FROM entity WHERE name ~ ?`, [`^orders_${place}(_|$)`]);
  return row?.id ?? '';
}

async function found(text: string, filter = ''): Promise<string[]> {
  await drainOutbox(api.database, api.context.searchIndex, { limit: 1_000 });
  const answer = await get(`/search?q=${encodeURIComponent(text)}${filter}`);
  return answer.body.hits.map((hit: { document: { id: string } }) => hit.document.id);
}

describe('words about a table', () => {
  it('are written on the version they are based on, kept with who wrote them, and shown on its page', async () => {
    const id = await tableOf(1);
    const owners = [{ personId: people.viewer.personId }, { name: 'Finance desk' }];
    const description = '**Every** parcel <script>alert(1)</script>';
    const first = await patch(`/entities/${id}/annotation`, { description, tags: ['Gold', 'logistics'], owners }, 0);
    expect(first).toMatchObject({
      status: 200,
      body: {
        description,
        tags: ['Gold', 'logistics'],
        owners: [
          { personId: people.viewer.personId, name: 'Viewer' },
          { personId: null, name: 'Finance desk' },
        ],
        version: 1,
        editedBy: { id: people.developer.personId },
      },
    });
    expect(first.headers.get('etag')).toBe('"1"');
    expect(await patch(`/entities/${id}/annotation`, { tags: [] }, 0)).toMatchObject({
      status: 412,
      body: { code: 'VERSION_CONFLICT', currentVersion: 1, current: { description } },
    });
    const second = await patch(`/entities/${id}/annotation`, { tags: ['gold'] }, 1);
    expect(second.body).toMatchObject({ description, tags: ['Gold'], version: 2 });
    const edits = await get(`/entities/${id}/annotation/edits`);
    expect(edits.body.items).toMatchObject([
      { version: 2, tags: ['Gold'] },
      { version: 1, tags: ['Gold', 'logistics'], editedBy: { id: people.developer.personId } },
    ]);
    expect((await get(`/entities/${id}`)).body).toMatchObject({
      description,
      annotation: { tags: ['Gold'], version: 2 },
    });
    const [deed] = await catalog.rows(`SELECT object_id FROM audit_event WHERE action = 'entity.annotate' LIMIT 1`);
    expect(deed).toEqual({ object_id: id });
  });

  it('name the owners of a column too, who are not those of its table', async () => {
    const id = await tableOf(11);
    const owners = [{ personId: people.viewer.personId }, { name: 'Billing desk' }];
    await patch(`/entities/${id}/annotation`, { owners: [{ name: 'Finance desk' }] }, 0);
    const written = await patch(`/tables/${id}/columns/c3/annotation`, { owners }, 0);
    expect(written).toMatchObject({
      status: 200,
      body: { owners: [{ personId: people.viewer.personId, name: 'Viewer' }, { name: 'Billing desk' }] },
    });
    const listed = await get(`/tables/${id}/columns?name=c`);
    const ofColumn = (name: string) => listed.body.items.find((column: { name: string }) => column.name === name);
    expect(ofColumn('c3')).toMatchObject({ description: null, origin: null, owners: written.body.owners });
    expect(ofColumn('c4')).toMatchObject({ owners: [] });
    expect((await get(`/tables/${id}/columns/c3/annotation/edits`)).body.items).toMatchObject([
      { owners: [{ name: 'Viewer' }, { name: 'Billing desk' }] },
    ]);
    expect((await get(`/entities/${id}/annotation`)).body.owners).toEqual([{ personId: null, name: 'Finance desk' }]);
    await patch(`/entities/${id}/annotation`, { owners: [] }, 1);
    expect((await get(`/tables/${id}/columns/c3/annotation`)).body.owners).toHaveLength(2);
    expect((await get(`/tables/${id}/columns/c4/annotation`)).body.owners).toEqual([]);
  });

  it('reach search: description, tags, and that there is a description', async () => {
    const id = await tableOf(2);
    await patch(`/entities/${id}/annotation`, { description: 'zeppelins', tags: ['airborne'] }, 0);
    expect(await found('zeppelins', '&hasDescription=true')).toEqual([id]);
    expect(await found('airborne')).toEqual([id]);
    await patch(`/tables/${id}/columns/c3/annotation`, { description: 'propellers' }, 0);
    expect(await found('propellers')).toEqual([id]);
    await patch(`/entities/${id}/annotation`, { description: null }, 1);
    expect(await found('zeppelins')).toEqual([]);
  });

  it('make their first owner the one whose table it is in search, under the name that the person has', async () => {
    const id = await tableOf(12);
    const facet = async (name: string) => {
      await drainOutbox(api.database, api.context.searchIndex, { limit: 1_000 });
      const { body } = await get(`/search?facets=owner&owner=${encodeURIComponent(name)}`);
      return body.hits.map((hit: { document: { id: string; owner: string } }) => [hit.document.id, hit.document.owner]);
    };
    const owners = [{ personId: people.outsider.personId }, { name: 'Finance desk' }];
    await patch(`/entities/${id}/annotation`, { owners }, 0);
    expect(await facet('Outsider')).toEqual([[id, 'Outsider']]);
    const renamed = await api.call('PATCH', `/people/${people.outsider.personId}`, {
      as: people.tenantAdmin,
      body: { name: 'Vera' },
    });
    expect(renamed.status).toBe(200);
    expect(await facet('Outsider')).toEqual([]);
    expect(await facet('Vera')).toEqual([[id, 'Vera']]);
    const back = await api.call('PATCH', `/people/${people.outsider.personId}`, {
      as: people.tenantAdmin,
      body: { name: 'Outsider' },
    });
    expect(back.status).toBe(200);
    await patch(`/entities/${id}/annotation`, { owners: [] }, 1);
    expect(await facet('Outsider')).toEqual([]);
  });

  it('have search told of them soon', async () => {
    const id = await tableOf(9);
    const told = () => api.orchestrator.calls.bringSearchUpToDate?.length ?? 0;
    const before = told();
    expect((await patch(`/entities/${id}/annotation`, { description: 'Soon found' }, 0)).status).toBe(200);
    await expect.poll(told).toBeGreaterThan(before);
  });

  it('outlive a crawl, a removal and a return, as do those of a column that goes and comes back', async () => {
    const id = await tableOf(3);
    await patch(`/entities/${id}/annotation`, { description: 'Ours' }, 0);
    await patch(`/tables/${id}/columns/c19/annotation`, { description: 'The last', tags: ['odd'] }, 0);
    source.edit(SyntheticSource.keyOf(3), (table) => ({
      structure: { ...table.structure, columns: table.structure.columns.slice(0, 19) },
    }));
    await catalog.crawl();
    expect((await get(`/tables/${id}/columns/c19/annotation`)).body).toMatchObject({ description: 'The last' });
    expect((await patch(`/tables/${id}/columns/c19/annotation`, { description: 'Was last' }, 1)).status).toBe(200);
    source.drop(SyntheticSource.keyOf(3));
    await catalog.crawl();
    expect((await get(`/entities/${id}/annotation`)).body).toMatchObject({ description: 'Ours' });
    const restored = await api.call('POST', `/entities/${id}/restore`, { as: people.developer });
    expect(restored.body).toMatchObject({ description: 'Ours', annotation: { description: 'Ours' } });
    expect((await get(`/tables/${id}/columns/c19/annotation`)).body).toMatchObject({ description: 'Was last' });
  });

  it('are refused from who may only look, of a column there never was, and of an owner there is not', async () => {
    const id = await tableOf(4);
    const refused = await patch(`/entities/${id}/annotation`, { description: 'mine' }, 0, people.viewer);
    expect(refused).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    expect(await patch(`/tables/${id}/columns/none/annotation`, { description: 'x' }, 0)).toMatchObject({
      status: 400,
      body: { code: 'COLUMN_UNKNOWN' },
    });
    const nobody = '00000000-0000-4000-8000-000000000000';
    expect(await patch(`/entities/${id}/annotation`, { owners: [{ personId: nobody }] }, 0)).toMatchObject({
      status: 400,
      body: { code: 'OWNER_UNKNOWN' },
    });
    expect((await get(`/entities/${id}/annotation`)).body).toMatchObject({ version: 0 });
  });
});

describe('tags', () => {
  it('are one vocabulary: renamed and merged everywhere at once, search included', async () => {
    const [one, other] = [await tableOf(5), await tableOf(6)];
    await patch(`/entities/${one}/annotation`, { tags: ['tier-one'] }, 0);
    await patch(`/entities/${other}/annotation`, { tags: ['tierone', 'seldom'] }, 0);
    const listed = await get('/tags?q=TIER');
    expect(listed.body.items).toMatchObject([
      { name: 'tier-one', entities: 1 },
      { name: 'tierone', entities: 1 },
    ]);
    const [kept, doubled] = listed.body.items;
    const as = people.tenantAdmin;
    expect(await api.call('POST', `/tags/${doubled.id}/merge`, { as, body: { into: kept.id } })).toMatchObject({
      status: 200,
      body: { name: 'tier-one', entities: 2 },
    });
    expect((await patch(`/tags/${kept.id}`, { name: 'Foremost' }, 1, as)).body).toMatchObject({ version: 2 });
    expect((await get(`/entities/${other}/annotation`)).body.tags).toEqual(['Foremost', 'seldom']);
    expect((await found('foremost')).sort()).toEqual([one, other].sort());
    expect((await patch(`/tags/${kept.id}`, { name: 'SELDOM' }, 2, as)).body).toMatchObject({ code: 'NAME_TAKEN' });
    expect((await get('/tags', people.outsider)).body.items).toEqual([]);
  });
});

describe('columns', () => {
  const names = (answer: { body: { items: { name: string }[] } }) => answer.body.items.map(({ name }) => name);

  it('are filtered by name, type, key and comment, and sorted either way, page by page', async () => {
    const id = await tableOf(10);
    await patch(`/tables/${id}/columns/c4/annotation`, { description: 'wheels', tags: ['round'] }, 0);
    const base = `/tables/${id}/columns`;
    expect(names(await get(`${base}?key=primary`))).toEqual(['id']);
    expect(names(await get(`${base}?name=C1&sort=name&order=desc`)).slice(0, 2)).toEqual(['c19', 'c18']);
    const found = await get(`${base}?q=wheels&comment=true`);
    expect(found.body.items).toMatchObject([{ name: 'c4', description: 'wheels', tags: ['round'], keys: [] }]);
    for (const sorted of ['sort=type', 'sort=type&order=desc', 'sort=name', 'order=desc']) {
      const whole = names(await get(`${base}?${sorted}`));
      const first = await get(`${base}?${sorted}&limit=7`);
      const second = await get(`${base}?${sorted}&limit=13&cursor=${first.body.nextCursor}`);
      expect([...names(first), ...names(second)], sorted).toEqual(whole);
      const elsewhere = await get(`${base}?cursor=${first.body.nextCursor}`);
      expect(elsewhere, sorted).toMatchObject({ status: 400, body: { code: 'INVALID_CURSOR' } });
    }
  });
});

it('tells what a table refers to and what refers to it, both only as far as one may see', async () => {
  const [from, to] = [await tableOf(11), await tableOf(12)];
  const [target] = await catalog.rows<{ name: string; schema_name: string }>(
    'SELECT name, schema_name FROM entity WHERE id = ?',
    [to],
  );
  source.edit(SyntheticSource.keyOf(11), (table) => ({
    structure: {
      ...table.structure,
      foreignKeys: [
        {
          name: 'to_twelve',
          columns: ['c1'],
          references: { schema: target?.schema_name ?? '', table: target?.name ?? '', columns: ['id'] },
          onDelete: 'CASCADE',
        },
      ],
    },
  }));
  await catalog.crawl();
  const key = { name: 'to_twelve', columns: ['c1'], onDelete: 'CASCADE' };
  expect((await get(`/tables/${from}/references`)).body.items).toMatchObject([{ ...key, entity: { id: to } }]);
  expect((await get(`/tables/${to}/referrers`)).body.items).toMatchObject([{ ...key, entity: { id: from } }]);
  expect((await get(`/tables/${from}/referrers`)).body.items).toEqual([]);
  expect((await get(`/tables/${to}/referrers`, people.outsider)).status).toBe(404);
  expect((await get(`/tables/${from}/columns?key=foreign`)).body.items).toMatchObject([{ name: 'c1' }]);
});

describe('a page', () => {
  it('counts a person once a day, and tells the run that collected it last', async () => {
    const id = await tableOf(7);
    await get(`/entities/${id}`);
    await get(`/entities/${id}`);
    const { body } = await get(`/entities/${id}`, people.developer);
    expect(body.views).toEqual({ today: 2, last30Days: 2 });
    expect((await get(`/entities/${id}`)).body).toMatchObject({
      views: { today: 2, last30Days: 2 },
      crawler: { name: 'shop' },
    });
  });

  it('is marked as a favourite, found among them, and unmarked', async () => {
    const [one, other] = [await tableOf(8), await tableOf(9)];
    for (const id of [one, other]) await api.call('PUT', `/entities/${id}/favourite`, { as: people.viewer });
    const first = await get('/favourites?limit=1');
    expect(first.body.items).toMatchObject([{ id: other }]);
    expect((await get(`/favourites?cursor=${first.body.nextCursor}`)).body.items).toMatchObject([{ id: one }]);
    expect((await get(`/entities/${one}`)).body.favourite).toBe(true);
    await api.call('DELETE', `/entities/${one}/favourite`, { as: people.viewer });
    expect((await get('/favourites')).body.items).toMatchObject([{ id: other }]);
    expect((await get('/favourites', people.developer)).body.items).toEqual([]);
  });
});
