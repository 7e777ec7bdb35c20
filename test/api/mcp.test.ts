import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putMember } from '../../access/members.js';
import { drainOutbox } from '../../search/outbox.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { type ApiUnderTest, type Caller, type People, populate, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let people: People;
let catalog: CrawledCatalog;

beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
  const source = new SyntheticSource(12, 2);
  catalog = await crawledCatalog(api.database, source);
  await putMember(api.database, catalog.workspaceId, people.viewer.personId, 'viewer');
  await catalog.crawl();
  source.edit(SyntheticSource.keyOf(7), (table) => ({
    structure: { ...table.structure, columns: table.structure.columns.slice(0, 19) },
  }));
  await catalog.crawl();
  await drainOutbox(api.database, api.context.searchIndex, { limit: 1_000 });
});
afterAll(() => api.stop());

/** A session of the protocol's own client, as somebody. */
async function client(as: Caller): Promise<Client> {
  const made = new Client({ name: 'test', version: '1' });
  await made.connect(
    new StreamableHTTPClientTransport(new URL(`${api.url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${as.token}` } },
    }),
  );
  return made;
}

/** What a tool said, read as the JSON that it is. */
async function use(session: Client, name: string, input: Record<string, unknown>) {
  const answer = await session.callTool({ name, arguments: input });
  const [said] = answer.content as { type: string; text: string }[];
  return { failed: answer.isError === true, body: JSON.parse(said?.text ?? 'null') };
}

describe('the Model Context Protocol', () => {
  it('leads a model from words to the columns of a table and what changed of them', async () => {
    const session = await client(people.viewer);
    const { body: found } = await use(session, 'search', { q: 'orders_7', kind: ['table'], limit: 3 });
    const { id } = found.hits[0].document;
    expect(found.watermark).toMatchObject({ indexing: [] });
    const { body: shown } = await use(session, 'show', { id });
    expect(shown).toMatchObject({ name: 'orders_7_daily', columnCount: 19, version: 2 });
    expect((await use(session, 'find_by_guid', { guid: shown.guid })).body).toEqual(shown);
    expect((await use(session, 'list_columns', { id, limit: 5 })).body.items).toHaveLength(5);
    expect((await use(session, 'list_tables', { databaseId: shown.databaseId })).body.items).toHaveLength(12);
    expect((await use(session, 'list_versions', { id })).body.items).toHaveLength(2);
    const { body: diff } = await use(session, 'compare_versions', { id, from: 1, to: 2 });
    expect(diff.columns.removed).toHaveLength(1);
    await session.close();
  });

  it('tells a model that each tool only reads', async () => {
    const session = await client(people.viewer);
    const { tools } = await session.listTools();
    expect(tools.map(({ name }) => name)).toContain('search');
    for (const { annotations, description } of tools) {
      expect(annotations?.readOnlyHint).toBe(true);
      expect(description).not.toBe('');
    }
    await session.close();
  });

  it('shows what the owner of the token may see, and no more', async () => {
    const [row] = await catalog.rows<{ id: string }>(`SELECT id FROM entity WHERE name = 'orders_7_daily'`);
    await catalog.rows(`UPDATE collected_database SET visibility = 'workspace'`);
    try {
      const session = await client(people.outsider);
      const hidden = await use(session, 'show', { id: row?.id });
      const absent = await use(session, 'show', { id: '999999999' });
      expect(hidden).toMatchObject({ failed: true, body: { code: 'NOT_FOUND', status: 404 } });
      const withoutIds = (body: unknown) => JSON.stringify(body).replace(/\d{2,}|entity \d+|"requestId":"[^"]*"/g, '');
      expect(withoutIds(hidden.body)).toBe(withoutIds(absent.body));
      await session.close();
    } finally {
      await catalog.rows(`UPDATE collected_database SET visibility = 'tenant'`);
    }
  });

  it('answers input that is not as it must be with what it must be', async () => {
    const session = await client(people.viewer);
    const answer = await session.callTool({ name: 'show', arguments: { id: 'orders' } });
    expect(answer.isError).toBe(true);
    expect(JSON.stringify(answer.content)).toContain('id');
    expect(await use(session, 'search', { q: 'orders', cursor: 'nonsense' })).toMatchObject({
      failed: true,
      body: { code: 'BAD_CURSOR' },
    });
    await session.close();
  });

  it('refuses whoever sends no token, a withdrawn one, or only a cookie', async () => {
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
    for (const headers of [{}, { authorization: 'Bearer dm_nothing' }, { cookie: 'datamap_session=x' }]) {
      const answer = await fetch(`${api.url}/mcp`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...(headers as Record<string, string>),
        },
        body: JSON.stringify(message),
      });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
      expect(await answer.json()).toMatchObject({ code: 'NOT_SIGNED_IN' });
    }
  });
});
