import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putMember } from '../../access/members.js';
import { beat } from '../../catalog/groups/workers.js';
import { finishPreview } from '../../catalog/preview/previews.js';
import { sealRows } from '../../catalog/preview/seal-rows.js';
import { stateEdge } from '../../lineage/store/stated-edges.js';
import { drainOutbox } from '../../search/outbox.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { runEvent, tell } from '../lineage/told-events.js';
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

  it('leads a model along lineage, a table or a column at a time, to what a change may reach', async () => {
    const tables = await catalog.rows<{ id: string }>(`SELECT id FROM entity WHERE kind = 'table' ORDER BY id LIMIT 3`);
    const [a = '', b = '', c = ''] = tables.map(({ id }) => id);
    const by = { personId: people.viewer.personId, personName: 'Vera', reason: 'a copy', databaseId: '1' };
    await stateEdge(api.database, { upstream: { entityId: a }, downstream: { entityId: b } }, by);
    await stateEdge(api.database, { upstream: { entityId: b }, downstream: { entityId: c } }, by);
    const session = await client(people.viewer);
    const { body: around } = await use(session, 'lineage', { id: b, direction: 'both', limit: 1 });
    expect(around.nodes.map(({ key }: { key: string }) => key).sort()).toEqual(
      [a, b, c].map((id) => `entity:${id}`).sort(),
    );
    const { body: deep } = await use(session, 'lineage', { id: a, direction: 'down', depth: 5 });
    expect(deep.edges).toHaveLength(2);
    const { body: column } = await use(session, 'lineage', { id: a, level: 'column', column: 'id', depth: 5 });
    expect(column.edges).toEqual([]);
    expect((await use(session, 'impact', { id: a })).body).toMatchObject({ total: 2, items: [{}, {}] });
    expect((await use(session, 'lineage_path', { id: a, to: c })).body).toMatchObject({
      found: true,
      nodes: [{}, {}, {}],
    });
    const further = { id: a, to: c, thorough: true, stale: 'hide' };
    expect((await use(session, 'lineage_path', further)).body).toMatchObject({ found: true, truncated: false });
    expect((await use(session, 'impact', { id: a, stale: 'hide' })).body.total).toBe(2);
    expect((await use(session, 'lineage', { id: a, direction: 'down', stale: 'hide' })).body.edges).toHaveLength(1);
    expect((await use(session, 'lineage_path', { id: c, to: a })).body).toMatchObject({ found: false });
    const before = await use(session, 'lineage', { id: a, depth: 5, asOf: '2020-01-01T00:00:00Z' });
    expect(before.body.edges).toEqual([]);
    const stranger = await client(people.outsider);
    await catalog.rows(`UPDATE collected_database SET visibility = 'workspace'`);
    try {
      for (const [name, input] of [
        ['lineage', { id: a }],
        ['impact', { id: a }],
        ['lineage_path', { id: a, to: c }],
      ] as const)
        expect(await use(stranger, name, input)).toMatchObject({ failed: true, body: { code: 'NOT_FOUND' } });
    } finally {
      await catalog.rows(`UPDATE collected_database SET visibility = 'tenant'`);
    }
    await session.close();
    await stranger.close();
  });

  it('leads a model from a job to its runs, as far as the asker may know of it', async () => {
    const event = runEvent({ job: 'load sales', inputs: ['s3://lake raw'], outputs: ['s3://lake sales'] });
    await tell(api.database, [event], { workspaceId: people.workspaceId });
    const session = await client(people.viewer);
    const { body: jobs } = await use(session, 'list_jobs', { name: 'LOAD', limit: 5 });
    expect(jobs.items).toMatchObject([{ name: 'load sales', latestRun: { state: 'COMPLETE' } }]);
    const [{ id }] = jobs.items;
    expect((await use(session, 'show_job', { id })).body).toMatchObject({ id, restricted: false });
    expect((await use(session, 'list_job_runs', { id, limit: 1 })).body.items).toMatchObject([
      { state: 'COMPLETE', outputs: { datasets: [{ external: { namespace: 's3://lake', name: 'sales' } }] } },
    ]);
    const stranger = await client(people.outsider);
    expect((await use(stranger, 'list_jobs', {})).body.items).toEqual([]);
    for (const name of ['show_job', 'list_job_runs'])
      expect(await use(stranger, name, { id })).toMatchObject({ failed: true, body: { code: 'NOT_FOUND' } });
    await session.close();
    await stranger.close();
  });

  it('waits for a few masked rows, for who has the right to them, and records it', async () => {
    await putMember(api.database, catalog.workspaceId, people.developer.personId, 'developer');
    await beat(api.database, { id: 'worker-1', host: 'worker-1.example', addresses: [] }, 'default', 4);
    const [table] = await catalog.rows<{ id: string }>(`SELECT id FROM entity WHERE name = 'orders_7_daily'`);
    const columns = [{ name: 'id', type: 'bigint', masked: null }];
    const found = { columns, rows: [[{ text: '1' }]], refused: [], more: 0 };
    const finish = (previewId: string) =>
      finishPreview(api.database, previewId, { sealed: sealRows(api.context.secretKey, previewId, found), rows: 1 });
    api.orchestrator.onPreview = async ({ previewId }) => void setTimeout(() => void finish(previewId), 300);
    const session = await client(people.developer);
    const { body } = await use(session, 'preview', { id: table?.id, rows: 1, columns: ['id'] });
    expect(body).toMatchObject({ status: 'done', columns, rows: [[{ text: '1' }]] });
    expect((await use(session, 'read_preview', { id: body.id, wait: 1 })).body).toMatchObject({ status: 'done' });
    const deeds = await catalog.rows<{ action: string }>(
      `SELECT action FROM audit_event WHERE person_id = ? AND action LIKE 'preview%' ORDER BY id`,
      [people.developer.personId],
    );
    expect(deeds.map(({ action }) => action)).toEqual(['preview.request', 'preview.read']);
    const asked = api.orchestrator.calls.startPreview?.length;
    const onlooker = await client(people.viewer);
    for (const [name, input, code] of [
      ['preview', { id: table?.id }, 'FORBIDDEN'],
      ['read_preview', { id: body.id }, 'NOT_FOUND'],
    ] as const)
      expect(await use(onlooker, name, input)).toMatchObject({ failed: true, body: { code } });
    expect(await use(session, 'preview', { id: table?.id, columns: [] })).toMatchObject({
      failed: true,
      body: { code: 'INVALID_REQUEST' },
    });
    expect(api.orchestrator.calls.startPreview?.length).toBe(asked);
    await session.close();
    await onlooker.close();
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
      body: { code: 'INVALID_CURSOR' },
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
