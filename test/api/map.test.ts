import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putMember } from '../../access/members.js';
import { drainOutbox } from '../../search/outbox.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { type ApiUnderTest, type People, populate, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let people: People;
let catalog: CrawledCatalog;
let runs: string[];
let tableId: string;
let tableGuid: string;

beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
  const source = new SyntheticSource(30, 3);
  catalog = await crawledCatalog(api.database, source);
  await putMember(api.database, catalog.workspaceId, people.viewer.personId, 'viewer');
  const first = await catalog.crawl();
  source.edit(SyntheticSource.keyOf(7), (table) => ({
    comment: 'customer orders',
    structure: { ...table.structure, columns: table.structure.columns.slice(0, 19) },
  }));
  const second = await catalog.crawl();
  runs = [first.runId, second.runId];
  const [row] = await catalog.rows<{ id: string; guid: string }>(
    `SELECT id, guid FROM entity WHERE comment = 'customer orders'`,
  );
  tableId = row?.id ?? '';
  tableGuid = row?.guid ?? '';
  await drainOutbox(api.database, api.context.searchIndex, { limit: 1_000 });
});

afterAll(() => api.stop());

const get = (path: string, as = people.viewer) => api.call('GET', path, { as });

describe('entities', () => {
  it('are read by id and by guid alike', async () => {
    const byId = await get(`/entities/${tableId}`);
    const byGuid = await get(`/entities?guid=${encodeURIComponent(tableGuid)}`);
    expect(byId.body).toEqual(byGuid.body);
    expect(byId.body).toMatchObject({
      kind: 'table',
      type: 'TABLE',
      qualifiedName: expect.stringMatching(/^shop\.area_\d\.orders_7_daily$/),
      comment: 'customer orders',
      columnCount: 19,
      version: 2,
      structure: { primaryKey: { columns: ['id'] } },
      gaps: expect.arrayContaining([{ what: 'constraints other than keys', why: expect.any(String) }]),
    });
  });

  it('are read and listed in two statements, with one more for who opens a page first on a day', async () => {
    const [{ id: databaseId = '' } = {}] = await catalog.rows<{ id: string }>('SELECT id FROM collected_database');
    const statementsOf = async (path: string) => {
      const asked: string[] = [];
      const note = ({ sql }: { sql: string }) => asked.push(sql);
      api.database.on('query', note);
      try {
        expect((await get(path, people.tenantAdmin)).status).toBe(200);
      } finally {
        api.database.removeListener('query', note);
      }
      return asked;
    };
    await statementsOf('/me');
    expect(await statementsOf(`/entities/${tableId}`)).toHaveLength(3);
    expect(await statementsOf(`/entities/${tableId}`)).toHaveLength(2);
    expect(await statementsOf(`/tables/${tableId}/columns`)).toHaveLength(2);
    expect(await statementsOf(`/entities?databaseId=${databaseId}`)).toHaveLength(2);
  });

  it('are listed from the databases down to the tables, page by page', async () => {
    const databases = await get('/entities');
    expect(databases.body.items).toMatchObject([{ kind: 'database', name: 'shop', qualifiedName: 'shop' }]);
    const database = await get(`/entities/${databases.body.items[0].id}`);
    const { databaseId } = database.body;
    const schemas = await get(`/entities?kind=schema&databaseId=${databaseId}`);
    expect(schemas.body.items).toMatchObject([{ name: 'area_0' }, { name: 'area_1' }, { name: 'area_2' }]);
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await get(`/entities?databaseId=${databaseId}&limit=7${cursor}`);
      seen.push(...page.body.items.map((item: { qualifiedName: string }) => item.qualifiedName));
      cursor = page.body.nextCursor === undefined ? '' : `&cursor=${page.body.nextCursor}`;
    } while (cursor !== '');
    expect(new Set(seen).size).toBe(30);
    const inSchema = await get(`/entities?databaseId=${databaseId}&schema=area_1&limit=100`);
    expect(inSchema.body.items).toHaveLength(10);
  });

  it('of tables are not listed without saying of which database', async () => {
    expect(await get('/entities?kind=table')).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  });
});

describe('a table', () => {
  it('lists its columns in order, and those that a word is found in', async () => {
    const first = await get(`/tables/${tableId}/columns?limit=5`);
    expect(first.body.total).toBe(19);
    expect(first.body.items.map((column: { ordinal: number }) => column.ordinal)).toEqual([1, 2, 3, 4, 5]);
    expect(first.body.items[0]).toMatchObject({ name: 'id', nullable: false, primaryKeyPlace: 1 });
    const second = await get(`/tables/${tableId}/columns?limit=5&cursor=${first.body.nextCursor}`);
    expect(second.body.items[0].ordinal).toBe(6);
    const found = await get(`/tables/${tableId}/columns?q=COLUMN%2012%20`);
    expect(found.body.items.map((column: { name: string }) => column.name)).toEqual(['c12']);
  });

  it('has versions, each as it stood, and any two can be compared', async () => {
    const versions = await get(`/tables/${tableId}/versions`);
    expect(versions.body.items).toMatchObject([
      { version: 2, runId: runs[1] },
      { version: 1, runId: runs[0] },
    ]);
    const first = await get(`/tables/${tableId}/versions/1`);
    expect(first.body.structure.columns).toHaveLength(20);
    const diff = await get(`/tables/${tableId}/versions/diff?from=1&to=2`);
    expect(diff.body).toMatchObject({
      columns: { added: [], removed: [{ name: 'c19' }] },
      properties: [{ field: 'comment', to: 'customer orders' }],
    });
    expect(diff.body.columns.aligned).toHaveLength(20);
    expect(diff.body.columns.aligned.slice(-2)).toMatchObject([
      { change: 'same', from: { name: 'c18' }, to: { name: 'c18' } },
      { change: 'removed', from: { name: 'c19' }, to: null },
    ]);
    expect(diff.body.ddl).toMatch(/^--- version 1\n\+\+\+ version 2\n/m);
    expect(
      diff.body.ddl.split('\n').filter((line: string) => /^[-+] /.test(line) && line.includes('c19')),
    ).toHaveLength(1);
    expect(diff.body.ddl).toMatch(/^\+COMMENT ON TABLE .* IS 'customer orders';$/m);
    expect((await get(`/tables/${tableId}/versions/diff?from=2&to=2`)).body.ddl).toBeNull();
    expect(await get(`/tables/${tableId}/versions/9`)).toMatchObject({ status: 404 });
  });

  it('has statements that make it anew, as it is and as it was', async () => {
    const now = await get(`/tables/${tableId}/ddl`);
    expect(now.body).toMatchObject({ version: 2, sourceType: 'postgresql' });
    expect(now.body.text).toMatch(/^CREATE TABLE area_\d\.orders_7_daily \($/m);
    expect(now.body.text).toContain(`-- ${now.body.notes.at(-1)}`);
    expect(now.body.text).not.toMatch(/\bc19\b/);
    const before = await get(`/tables/${tableId}/versions/1/ddl`);
    expect(before.body.version).toBe(1);
    expect(before.body.text).toMatch(/\bc19\b/);
    const { items } = (await get('/entities')).body;
    expect(await get(`/tables/${items[0].id}/ddl`)).toMatchObject({ status: 404 });
  });

  it('has no partitions where it has none', async () => {
    expect((await get(`/tables/${tableId}/partitions?prefix=p`)).body).toEqual({ items: [] });
  });
});

it('lists what each run changed', async () => {
  const first = await get(`/runs/${runs[0]}/changes?change=added&limit=500`);
  expect(first.body.items).toHaveLength(34);
  const second = await get(`/runs/${runs[1]}/changes`);
  expect(second.body.items).toMatchObject([{ entityId: tableId, change: 'changed', fromVersion: 1, toVersion: 2 }]);
});

describe('search', () => {
  it('finds by name, comment and column, with facets and highlights', async () => {
    const answer = await get('/search?q=customer%20orders&facets=kind,schema&limit=3');
    expect(answer.body.hits[0]).toMatchObject({ document: { guid: tableGuid, columnCount: 19 } });
    expect(answer.body.hits[0].highlights.length).toBeGreaterThan(0);
    const narrowed = await get('/search?q=orders&kind=table&schema=area_1&schema=area_2&facets=schema&limit=100');
    expect(narrowed.body.total).toBe(20);
    expect(narrowed.body.facets.schema.map((facet: { value: string }) => facet.value).sort()).toEqual(
      expect.arrayContaining(['area_1', 'area_2']),
    );
  });

  it('goes on by cursor without showing a hit twice', async () => {
    const first = await get('/search?q=orders&kind=table&limit=10');
    const second = await get(`/search?q=orders&kind=table&limit=10&cursor=${first.body.nextCursor}`);
    const ids = [...first.body.hits, ...second.body.hits].map((hit: { document: { id: string } }) => hit.document.id);
    expect(new Set(ids).size).toBe(20);
  });
});

describe('whoever is of another workspace', () => {
  it.each([
    '/entities/:id',
    '/tables/:id/columns',
    '/tables/:id/partitions',
    '/tables/:id/versions',
    '/tables/:id/versions/1',
    '/tables/:id/ddl',
    '/tables/:id/versions/1/ddl',
    '/tables/:id/versions/diff?from=1&to=2',
  ])('is told the same of %s as of what there is not', async (path) => {
    const hidden = await get(path.replace(':id', tableId), people.outsider);
    const absent = await get(path.replace(':id', '999999'), people.outsider);
    expect([hidden.status, absent.status]).toEqual([404, 404]);
    expect(hidden.body.detail.replaceAll(tableId, '')).toBe(absent.body.detail.replaceAll('999999', ''));
  });

  it('finds nothing by guid, in lists, in search, or in the counts of facets', async () => {
    const byGuid = await get(`/entities?guid=${encodeURIComponent(tableGuid)}`, people.outsider);
    expect(byGuid.status).toBe(404);
    expect((await get('/entities', people.outsider)).body.items).toEqual([]);
    const [{ databaseId }] = [(await get(`/entities/${tableId}`)).body];
    expect((await get(`/entities?databaseId=${databaseId}`, people.outsider)).body.items).toEqual([]);
    const found = await get('/search?q=orders&facets=schema,workspaceId', people.outsider);
    expect(found.body).toMatchObject({ hits: [], total: 0 });
    expect(JSON.stringify(found.body.facets)).not.toContain('area_');
  });

  it('finds it once its database is public within the tenant', async () => {
    await catalog.rows(`UPDATE collected_database SET visibility = 'tenant' WHERE id = ?`, [
      catalog.collectedDatabaseId,
    ]);
    expect((await get(`/entities/${tableId}`, people.outsider)).status).toBe(200);
    await catalog.rows(`UPDATE collected_database SET visibility = 'workspace' WHERE id = ?`, [
      catalog.collectedDatabaseId,
    ]);
    expect((await get(`/entities/${tableId}`, people.outsider)).status).toBe(404);
  });
});
