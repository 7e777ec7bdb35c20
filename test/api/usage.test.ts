import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putMember } from '../../access/members.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { type ApiUnderTest, type Caller, type People, populate, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let people: People;
let ours: CrawledCatalog;
let theirs: CrawledCatalog;
/** Of no workspace: sees what is public within the tenant alone. */
let passerBy: Caller;
let mine: string[];
let secret: string;

beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
  passerBy = await api.person('passer-by');
  ours = await crawledCatalog(api.database, new SyntheticSource(5, 1));
  theirs = await crawledCatalog(api.database, new SyntheticSource(1, 1), 'secret');
  await putMember(api.database, ours.workspaceId, people.viewer.personId, 'viewer');
  await ours.crawl();
  await theirs.crawl();
  const tables = (of: CrawledCatalog) =>
    of.rows<{ id: string }>(`SELECT id FROM entity WHERE kind = 'table' AND collected_database_id = ? ORDER BY id`, [
      of.collectedDatabaseId,
    ]);
  mine = (await tables(ours)).map(({ id }) => id);
  secret = (await tables(theirs))[0]?.id ?? '';
  await ours.rows(`UPDATE collected_database SET visibility = 'tenant' WHERE id = ? RETURNING id`, [
    ours.collectedDatabaseId,
  ]);
  const [a = '', b = ''] = mine;
  await statement('SELECT k FROM a JOIN b USING (k)', 90, { [a]: 'r', [b]: 'r' });
  await statement('INSERT INTO a SELECT k FROM b', 70, { [a]: 'w', [b]: 'r' });
  await statement('SELECT k FROM a JOIN secret USING (k)', 80, { [a]: 'r', [secret]: 'r' });
  await statement('SELECT k FROM a JOIN gone USING (k)', 60, { [a]: 'r' }, ['gone']);
});
afterAll(() => api.stop());

async function statement(text: string, calls: number, tables: Record<string, 'r' | 'w'>, missing: string[] = []) {
  const [row] = await ours.rows<{ id: string }>(
    `INSERT INTO query_statement (collected_database_id, fingerprint, path, text, kind, state, missing, calls, total_time)
     VALUES (?, ?, '{}', ?, lower(split_part(?, ' ', 1)), 'parsed', ?, ?, ?) RETURNING id`,
    [ours.collectedDatabaseId, text, text, text, missing, calls, calls * 2],
  );
  const id = row?.id ?? '';
  await ours.rows(
    `INSERT INTO query_use (statement_id, role, calls, total_time) VALUES (?, 'ada', ?, 1) RETURNING role`,
    [id, calls],
  );
  for (const [entity, access] of Object.entries(tables))
    await ours.rows(
      `INSERT INTO query_table (entity_id, statement_id, reads, writes, columns)
       VALUES (?, ?, ?, ?, '{k}') RETURNING entity_id`,
      [entity, id, access === 'r', access === 'w'],
    );
}

const usage = async (entity = '', search = '', as: Caller = people.viewer) =>
  (await api.call('GET', `/entities/${entity}/usage?${search}`, { as })).body;
const texts = (body: { items: { text: string | null }[] }) => body.items.map(({ text }) => text);

describe('The usage of a table', () => {
  it('is what was run with it, the most often first, with who ran it and how long it took', async () => {
    const body = await usage(mine[0]);
    expect(texts(body)).toEqual([
      'SELECT k FROM a JOIN b USING (k)',
      null,
      'INSERT INTO a SELECT k FROM b',
      'SELECT k FROM a JOIN gone USING (k)',
    ]);
    expect(body.items[0]).toMatchObject({
      reads: true,
      writes: false,
      kind: 'select',
      calls: 90,
      meanTime: 2,
      columns: ['k'],
      roles: [{ name: 'ada', calls: 90 }],
    });
    expect(await usage(mine[4])).toMatchObject({ items: [], readWith: [], processes: [] });
  });

  it('is had page by page, and of reading or writing alone', async () => {
    const first = await usage(mine[0], 'limit=3');
    const second = await usage(mine[0], `limit=3&cursor=${first.nextCursor}`);
    expect(texts(second)).toEqual(['SELECT k FROM a JOIN gone USING (k)']);
    expect(second).not.toHaveProperty('nextCursor');
    expect(second).not.toHaveProperty('readWith');
    expect(texts(await usage(mine[0], 'access=write'))).toEqual(['INSERT INTO a SELECT k FROM b']);
    expect(texts(await usage(mine[1], 'access=write'))).toEqual([]);
  });

  it('has no text that names what the reader may not see, nor such a table beside it', async () => {
    const seen = await usage(mine[0]);
    expect(seen.items[1]).toMatchObject({ text: null, restricted: true, calls: 80 });
    expect(seen.readWith).toMatchObject([{ entity: { id: mine[1] }, statements: 1, calls: 90 }]);
    expect(JSON.stringify(seen)).not.toContain('secret');

    // What is not on the map is for those of the workspace, whatever is public.
    expect(texts(await usage(mine[0], '', passerBy))).toEqual([
      'SELECT k FROM a JOIN b USING (k)',
      null,
      'INSERT INTO a SELECT k FROM b',
      null,
    ]);
    const all = await usage(mine[0], '', people.tenantAdmin);
    expect(texts(all)).toContain('SELECT k FROM a JOIN secret USING (k)');
    expect(all.readWith).toHaveLength(2);
  });

  it('of a table that the reader may not see is not found', async () => {
    expect((await api.call('GET', `/entities/${secret}/usage`, { as: people.viewer })).status).toBe(404);
  });
});

describe('Statements that could not be read', () => {
  const unread = async (search = '', as: Caller = people.viewer) =>
    (await api.call('GET', `/crawlers/${ours.crawlerId}/unread-statements?${search}`, { as })).body;

  beforeAll(async () => {
    await statement('SELECT k FROM a JOIN secret USING (j)', 50, { [mine[0] ?? '']: 'r', [secret]: 'r' });
    await statement('SELEC k', 40, {});
    await statement('SELECT ? FROM a', 30, { [mine[0] ?? '']: 'r' });
    await ours.rows(
      `UPDATE query_statement SET state = CASE WHEN text LIKE 'SELEC k' THEN 'unparsed' ELSE 'partial' END, reason = 'because'
       WHERE calls <= 50 RETURNING id`,
    );
  });
  afterAll(() => ours.rows('DELETE FROM query_statement WHERE calls <= 50 RETURNING id'));

  it('are listed and counted by crawler, without texts that name what the reader may not see', async () => {
    expect(await unread()).toMatchObject({
      counts: { unparsed: 1, partial: 2 },
      items: [
        { state: 'partial', text: null, reason: null, restricted: true, calls: 50 },
        { state: 'unparsed', text: 'SELEC k', reason: 'because', restricted: false, database: 'shop' },
        { state: 'partial', text: 'SELECT ? FROM a' },
      ],
    });
    expect(texts(await unread('', people.tenantAdmin))[0]).toContain('secret');
  });

  it('are had page by page, and of one state alone', async () => {
    const first = await unread('limit=1&state=partial');
    expect(texts(first)).toEqual([null]);
    const second = await unread(`limit=1&state=partial&cursor=${first.nextCursor}`);
    expect(texts(second)).toEqual(['SELECT ? FROM a']);
    expect(second).not.toHaveProperty('nextCursor');
    expect(second).not.toHaveProperty('counts');
  });

  it('are nothing to those who are not in the workspace, whatever is public', async () => {
    const { status } = await api.call('GET', `/crawlers/${ours.crawlerId}/unread-statements`, { as: passerBy });
    expect(status).toBe(404);
  });
});

describe('A crawler', () => {
  it('reads the query history when it is told to, where its source has one', async () => {
    const path = `/crawlers/${ours.crawlerId}`;
    const patch = async (body: unknown) => {
      const { headers } = await api.call('GET', path, { as: people.tenantAdmin });
      return api.call('PATCH', path, {
        as: people.tenantAdmin,
        body,
        headers: { 'if-match': headers.get('etag') ?? '' },
      });
    };
    const be = (type: string) =>
      ours.rows(
        'UPDATE data_source SET type = ? WHERE id = (SELECT data_source_id FROM crawler WHERE id = ?) RETURNING id',
        [type, ours.crawlerId],
      );
    await be('postgresql');
    expect((await api.call('GET', path, { as: people.tenantAdmin })).body).toMatchObject({ queryHistory: false });
    expect(await patch({ queryHistory: true })).toMatchObject({ status: 200, body: { queryHistory: true } });
    expect(await patch({ name: 'other' })).toMatchObject({ status: 200, body: { queryHistory: true } });
    await be('mysql');
    expect(await patch({ queryHistory: true })).toMatchObject({ status: 409, body: { code: 'NO_QUERY_HISTORY' } });
    expect(await patch({ queryHistory: false })).toMatchObject({ status: 200, body: { queryHistory: false } });
  });
});
