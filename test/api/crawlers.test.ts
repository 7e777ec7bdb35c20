import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { closeRun } from '../../catalog/runs/close-run.js';
import { openRun } from '../../catalog/runs/open-run.js';
import { appendRunLog } from '../../catalog/runs/run-log.js';
import { type ApiUnderTest, type People, populate, serveGroup, startApi } from './api-under-test.js';

const daily = { mode: 'cycle', every: 'day', hour: 2, minute: 30, timeZone: 'Asia/Shanghai' };

let api: ApiUnderTest;
let people: People;

beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
});

beforeEach(() => serveGroup(api));

afterAll(() => api.stop());

let made = 0;
async function source(body: object = {}) {
  made += 1;
  const { body: created } = await api.call('POST', '/data-sources', {
    as: people.developer,
    body: {
      workspaceId: people.workspaceId,
      name: `source ${made}`,
      url: `postgres://reader:x@db${made}.example/shop`,
      ...body,
    },
  });
  return created;
}

async function crawler(body: object = {}, sourceBody: object = {}) {
  const { id } = await source(sourceBody);
  const answer = await api.call('POST', '/crawlers', {
    as: people.developer,
    body: { workspaceId: people.workspaceId, dataSourceId: id, databases: ['shop'], ...body },
  });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

const post = (path: string, body?: object, headers: Record<string, string> = {}) =>
  api.call('POST', path, { as: people.developer, ...(body === undefined ? {} : { body }), headers });

describe('creating a crawler', () => {
  it('is named after its source, says its plan in words, and has a schedule from then on', async () => {
    const created = await crawler({ plan: daily });
    expect(created).toMatchObject({
      name: created.dataSource.name,
      planInWords: 'Daily 02:30 Asia/Shanghai',
      databases: 1,
      scope: [{ name: 'shop', tables: null }],
      openRun: null,
      lastRun: null,
      can: { edit: true, run: true, delete: true },
    });
    expect(created.nextRuns).toHaveLength(5);
    expect(api.orchestrator.schedules.get(created.id)).toMatchObject({ plan: daily, paused: false });
  });

  it('refuses a database that another crawler collects, naming it', async () => {
    const first = await crawler({ databases: ['shop', 'stock'] });
    const second = await post('/crawlers', {
      workspaceId: people.workspaceId,
      dataSourceId: first.dataSource.id,
      databases: ['stock', 'free'],
    });
    expect(second).toMatchObject({
      status: 409,
      body: {
        code: 'DATABASE_TAKEN',
        databases: [{ name: 'stock', leaving: false, ownedBy: { crawlerId: first.id, name: first.name } }],
      },
    });
    expect(second.body.detail).toContain(first.name);
  });

  it('lets exactly one of two win that ask for a database at once', async () => {
    const { id } = await source();
    const ask = (name: string) =>
      post('/crawlers', { workspaceId: people.workspaceId, dataSourceId: id, name, databases: ['shop'] });
    const answers = await Promise.all([ask('left'), ask('right')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  it('refuses a cycle for a development source', async () => {
    const { id } = await source({ environment: 'development' });
    const answer = await post('/crawlers', {
      workspaceId: people.workspaceId,
      dataSourceId: id,
      databases: ['shop'],
      plan: daily,
    });
    expect([answer.status, answer.body.code]).toEqual([409, 'CYCLE_NEEDS_PRODUCTION']);
  });

  it("refuses another workspace's data source as one there is not", async () => {
    const { body } = await api.call('POST', '/data-sources', {
      as: people.outsider,
      body: { workspaceId: people.elsewhereId, name: 'theirs', url: 'postgres://reader:x@their.example/hr' },
    });
    const answer = await post('/crawlers', {
      workspaceId: people.workspaceId,
      dataSourceId: body.id,
      databases: ['hr'],
    });
    expect([answer.status, answer.body.code]).toEqual([404, 'NOT_FOUND']);
  });
});

describe('running a crawler', () => {
  it('queues the run, tells its number, and refuses a second one with the open run', async () => {
    const { id, name } = await crawler();
    const first = await post(`/crawlers/${id}/runs`, {});
    expect(first).toMatchObject({ status: 202, body: { status: 'queued', number: expect.any(Number) } });
    expect(first.headers.get('location')).toBe(`/api/v1/runs/${first.body.runId}`);
    expect(api.orchestrator.calls.startCrawl?.at(-1)).toEqual([
      {
        crawlerId: id,
        crawlerName: name,
        resourceGroup: 'default',
        runId: first.body.runId,
        trigger: 'manual',
        requestedBy: people.developer.personId,
      },
    ]);
    const second = await post(`/crawlers/${id}/runs`, {});
    expect(second).toMatchObject({
      status: 409,
      body: { code: 'RUN_OPEN', run: { id: first.body.runId, number: first.body.number, status: 'queued' } },
    });
    const runs = await api.call('GET', `/runs?crawlerId=${id}`, { as: people.viewer });
    expect(runs.body.items.map((run: { id: string }) => run.id)).toEqual([first.body.runId]);
  });

  describe('between the end of a run and the close of its execution', () => {
    /** A crawler whose run has ended by its row, while the engine has it open. */
    async function ending(): Promise<{ id: string; runId: string; number: number }> {
      const { id } = await crawler();
      const { body } = await post(`/crawlers/${id}/runs`, {});
      const run = { runId: body.runId, crawlerId: id, trigger: 'manual' as const };
      await openRun(api.database, { ...run, workflowRunId: body.runId, workflowId: `crawl:${id}` });
      await closeRun(api.database, { runId: body.runId, status: 'succeeded' });
      return { id, ...body };
    }
    afterEach(() => {
      api.orchestrator.onWaiting = async () => undefined;
    });

    it('waits for the close and starts', async () => {
      const { id, number } = await ending();
      api.orchestrator.onWaiting = async (crawlerId) => api.orchestrator.finish(crawlerId);
      const next = await post(`/crawlers/${id}/runs`, {});
      expect(next).toMatchObject({ status: 202, body: { status: 'queued', number: number + 1 } });
    });

    it('answers with the ending run where that lasts', async () => {
      const { id, runId, number } = await ending();
      expect(await post(`/crawlers/${id}/runs`, {})).toMatchObject({
        status: 409,
        body: { code: 'RUN_OPEN', run: { id: runId, number, status: 'succeeded' } },
      });
      const runs = await api.call('GET', `/runs?crawlerId=${id}`, { as: people.viewer });
      expect(runs.body.items.map((run: { id: string }) => run.id)).toEqual([runId]);
    });

    it('answers with the run that began meanwhile', async () => {
      const { id } = await ending();
      const begun = randomUUID();
      api.orchestrator.onWaiting = async () => {
        const run = { runId: begun, crawlerId: id, trigger: 'schedule' as const };
        api.orchestrator.openCrawls.set(id, begun);
        await openRun(api.database, { ...run, workflowRunId: begun, workflowId: `crawl:${id}` });
      };
      expect(await post(`/crawlers/${id}/runs`, {})).toMatchObject({
        status: 409,
        body: { code: 'RUN_OPEN', run: { id: begun, status: 'running' } },
      });
    });
  });

  it('starts although a run that died left its row open', async () => {
    const { id } = await crawler();
    const { body: dead } = await post(`/crawlers/${id}/runs`, {});
    api.orchestrator.finish(id);
    const next = await post(`/crawlers/${id}/runs`, {});
    expect(next).toMatchObject({ status: 202, body: { number: dead.number + 1, status: 'queued' } });
    const runs = await api.call('GET', `/runs?crawlerId=${id}`, { as: people.viewer });
    expect(runs.body.items).toMatchObject([
      { id: next.body.runId, status: 'queued' },
      { id: dead.runId, status: 'skipped', error: { code: 'RUN_OVERTAKEN' } },
    ]);
  });

  it('is refused where no worker serves the group, unless it is asked for anyway', async () => {
    await api.call('POST', '/resource-groups', { as: people.tenantAdmin, body: { id: 'empty', name: 'Empty' } });
    const { id, warnings } = await crawler({ resourceGroupId: 'empty' });
    expect(warnings).toMatchObject([{ code: 'RESOURCE_GROUP_WITHOUT_WORKER' }]);
    const refused = await post(`/crawlers/${id}/runs`, {});
    expect(refused).toMatchObject({ status: 409, body: { code: 'RESOURCE_GROUP_WITHOUT_WORKER' } });
    expect(refused.body.remedy).toContain('DATAMAP_RESOURCE_GROUPS=empty');
    const anyway = await post(`/crawlers/${id}/runs`, { anyway: true });
    expect(anyway.status).toBe(202);
    const run = await api.call('GET', `/runs/${anyway.body.runId}`, { as: people.viewer });
    expect(run.body.waiting).toMatchObject([{ code: 'RESOURCE_GROUP_WITHOUT_WORKER' }]);
  });

  it('has one effect for one Idempotency-Key, however often and however close it is asked for', async () => {
    const { id } = await crawler();
    const headers = { 'idempotency-key': randomUUID() };
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => post(`/crawlers/${id}/runs`, {}, headers)));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
    expect(new Set(answers.map(({ body }) => body.runId)).size).toBe(1);
    expect(answers.filter((answer) => answer.headers.get('idempotent-replayed') === 'true')).toHaveLength(4);
    const later = await post(`/crawlers/${id}/runs`, {}, headers);
    expect(later.body).toEqual(answers[0]?.body);
  });

  it('refuses an Idempotency-Key that came with another request, and leaves that of a failure free', async () => {
    const { id } = await crawler();
    const headers = { 'idempotency-key': randomUUID() };
    await post(`/crawlers/${id}/runs`, {}, headers);
    const other = await post(`/crawlers/${id}/runs`, { anyway: true }, headers);
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    const again = { 'idempotency-key': randomUUID() };
    expect((await post(`/crawlers/${id}/runs`, {}, again)).status).toBe(409);
    api.orchestrator.finish(id);
    expect((await post(`/crawlers/${id}/runs`, {}, again)).status).toBe(202);
  });
});

describe('stopping', () => {
  it('marks the open run as stopping, and refuses where none is open', async () => {
    const { id } = await crawler();
    expect(await post(`/crawlers/${id}/stop`)).toMatchObject({ status: 409, body: { code: 'NO_OPEN_RUN' } });
    const { body: started } = await post(`/crawlers/${id}/runs`, {});
    const stopped = await post(`/crawlers/${id}/stop`);
    expect(stopped).toMatchObject({ status: 202, body: { runId: started.runId, status: 'stopping' } });
    const run = await api.call('GET', `/runs/${started.runId}`, { as: people.viewer });
    expect(run.body).toMatchObject({ status: 'stopping', stopRequestedAt: expect.any(String) });
  });

  it('an old run does not stop the newer one of its crawler', async () => {
    const { id } = await crawler();
    const { body: old } = await post(`/crawlers/${id}/runs`, {});
    await openRun(api.database, {
      runId: old.runId,
      crawlerId: id,
      trigger: 'manual',
      workflowRunId: randomUUID(),
      workflowId: `crawl:${id}`,
    });
    await closeRun(api.database, { runId: old.runId, status: 'succeeded' });
    api.orchestrator.finish(id);
    await post(`/crawlers/${id}/runs`, {});
    const stopped = await post(`/runs/${old.runId}/stop`);
    expect([stopped.status, stopped.body.code]).toEqual([409, 'NO_OPEN_RUN']);
    expect(api.orchestrator.calls.stopCrawl?.some(([crawlerId]) => crawlerId === id) ?? false).toBe(false);
  });
});

describe('the plan', () => {
  it('is paused with a note and resumed, and the schedule follows', async () => {
    const { id } = await crawler({ plan: daily });
    const paused = await post(`/crawlers/${id}/pause`, { note: 'until the move is over' });
    expect(paused.body).toMatchObject({ paused: true, pauseNote: 'until the move is over', nextRuns: [] });
    expect(api.orchestrator.schedules.get(id)).toMatchObject({ paused: true, pauseNote: 'until the move is over' });
    const resumed = await post(`/crawlers/${id}/resume`);
    expect(resumed.body).toMatchObject({ paused: false, pauseNote: null });
    expect(resumed.body.nextRuns).toHaveLength(5);
  });

  it('is previewed without being stored', async () => {
    const preview = await post('/schedules/preview', { plan: daily });
    expect(preview.body).toMatchObject({ inWords: 'Daily 02:30 Asia/Shanghai', times: { length: 5 } });
    expect((await post('/schedules/preview', { plan: { mode: 'manual' } })).body.times).toEqual([]);
  });

  it('changes with an edit, based on what stands', async () => {
    const { id } = await crawler({ plan: daily });
    const edit = (body: object, tag: string) =>
      api.call('PATCH', `/crawlers/${id}`, { as: people.developer, body, headers: { 'if-match': tag } });
    const manual = await edit({ plan: { mode: 'manual' }, databases: ['shop', 'stock'] }, '"1"');
    expect(manual.body).toMatchObject({ planInWords: 'Manual', version: 2, databases: 2 });
    expect(api.orchestrator.schedules.has(id)).toBe(false);
    const late = await edit({ name: 'late' }, '"1"');
    expect(late).toMatchObject({ status: 412, body: { currentVersion: 2, current: { version: 2, databases: 2 } } });
  });
});

it('deletes a crawler in the background, and takes a repeat for the same deletion', async () => {
  const { id } = await crawler({ plan: daily });
  const impact = await api.call('GET', `/crawlers/${id}/deletion-impact`, { as: people.viewer });
  expect(impact.body).toMatchObject({ databases: 1, tables: 0, fields: 0, leaving: { descriptions: 0 } });
  const remove = () => api.call('DELETE', `/crawlers/${id}`, { as: people.developer });
  const first = await remove();
  expect(first).toMatchObject({ status: 202, body: { kind: 'delete_crawler', status: 'queued', crawler: { id } } });
  expect(first.headers.get('location')).toBe(`/api/v1/operations/${first.body.id}`);
  expect(await remove()).toMatchObject({ status: 202, body: { id: first.body.id } });
  const operation = await api.call('GET', `/operations/${first.body.id}`, { as: people.viewer });
  expect(operation).toMatchObject({ status: 200, body: first.body });
  const ofCrawler = await api.call('GET', `/operations?crawlerId=${id}`, { as: people.viewer });
  expect(ofCrawler.body.items).toEqual([first.body]);
  expect([...api.orchestrator.deletions]).toContain(id);
  const listed = await api.call('GET', '/crawlers?limit=200', { as: people.viewer });
  expect(listed.body.items.map((item: { id: string }) => item.id)).not.toContain(id);
  expect(await post(`/crawlers/${id}/runs`, {})).toMatchObject({ status: 409, body: { code: 'CRAWLER_DELETING' } });
});

it("reads a run's log by cursor, forward and backward, by level and text", async () => {
  const { id } = await crawler();
  const { body: run } = await post(`/crawlers/${id}/runs`, {});
  await appendRunLog(
    api.database,
    run.runId,
    Array.from({ length: 25 }, (_, line) => ({
      level: line % 5 === 0 ? ('warn' as const) : ('info' as const),
      step: 'collect',
      unit: 1,
      message: `line ${line}`,
    })),
  );
  const read = async (query: string) =>
    (await api.call('GET', `/runs/${run.runId}/log?${query}`, { as: people.viewer })).body;
  const messages = (page: { lines: { message: string }[] }) => page.lines.map(({ message }) => message);
  const first = await read('limit=10');
  expect(messages(first)).toEqual(Array.from({ length: 10 }, (_, line) => `line ${line}`));
  expect(first.open).toBe(true);
  const second = await read(`limit=10&cursor=${first.nextCursor}`);
  expect(messages(second)[0]).toBe('line 10');
  const tail = await read('limit=3&direction=backward');
  expect(messages(tail)).toEqual(['line 22', 'line 23', 'line 24']);
  const before = await read(`limit=2&direction=backward&cursor=${tail.previousCursor}`);
  expect(messages(before)).toEqual(['line 20', 'line 21']);
  expect(messages(await read('level=warn'))).toHaveLength(5);
  expect(messages(await read('q=LINE%2013'))).toEqual(['line 13']);
});

it('keeps who did what, without what was sent', async () => {
  const { id } = await crawler();
  const { rows } = await api.database.raw(
    `SELECT action, object_kind, workspace_id, person_id, detail FROM audit_event WHERE object_id = ?`,
    [id],
  );
  expect(rows).toEqual([
    {
      action: 'crawler.create',
      object_kind: 'crawler',
      workspace_id: people.workspaceId,
      person_id: people.developer.personId,
      detail: { requestId: expect.any(String), fields: expect.arrayContaining(['dataSourceId', 'databases']) },
    },
  ]);
});
