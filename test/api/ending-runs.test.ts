import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { closeRun } from '../../catalog/runs/close-run.js';
import { openRun } from '../../catalog/runs/open-run.js';
import { planUnits } from '../../catalog/runs/units.js';
import { query } from '../../db/query.js';
import { type ApiUnderTest, type People, populate, serveGroup, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let people: People;

beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
});
beforeEach(() => serveGroup(api));
afterAll(() => api.stop());

const post = (path: string, body?: object) =>
  api.call('POST', path, { as: people.developer, ...(body === undefined ? {} : { body }) });
const read = async (runId: string) => (await api.call('GET', `/runs/${runId}`, { as: people.viewer })).body;

/** An open run of a crawler of two databases, as its workflow would have opened it. */
async function running(): Promise<{ crawlerId: string; runId: string; number: number }> {
  const name = `source ${randomUUID()}`;
  const { body: source } = await api.call('POST', '/data-sources', {
    as: people.developer,
    body: { workspaceId: people.workspaceId, name, url: `postgres://reader:x@${randomUUID()}.example/shop` },
  });
  const { body: crawler } = await post('/crawlers', {
    workspaceId: people.workspaceId,
    dataSourceId: source.id,
    databases: ['sales', 'shop'],
  });
  const { body: run } = await post(`/crawlers/${crawler.id}/runs`, {});
  await openRun(api.database, {
    runId: run.runId,
    crawlerId: crawler.id,
    trigger: 'manual',
    workflowRunId: run.runId,
    workflowId: `crawl:${crawler.id}`,
  });
  await planUnits(api.database, run.runId);
  return { crawlerId: crawler.id, runId: run.runId, number: run.number };
}

const setUnit = (runId: string, database: string, status: string) =>
  query(api.database, 'UPDATE crawl_unit SET status = :status WHERE run_id = :runId AND database_name = :database', {
    runId,
    database,
    status,
  });

/** Moves the Stop of a run into the past. */
const ago = (runId: string, seconds: number) =>
  query(
    api.database,
    `UPDATE crawl_run SET stop_requested_at = stop_requested_at - make_interval(secs => :seconds) WHERE id = :runId`,
    { runId, seconds },
  );

describe('forcing a stop', () => {
  it('is refused before the run was asked to stop, and for a minute after, saying from when', async () => {
    const { runId } = await running();
    expect(await post(`/runs/${runId}/force-stop`)).toMatchObject({ status: 409, body: { code: 'NOT_STOPPING' } });
    expect((await read(runId)).forceStopFrom).toBeNull();
    await post(`/runs/${runId}/stop`);
    const { forceStopFrom } = await read(runId);
    expect(await post(`/runs/${runId}/force-stop`)).toMatchObject({
      status: 409,
      body: { code: 'FORCE_STOP_TOO_EARLY', from: forceStopFrom },
    });
    expect((await read(runId)).status).toBe('stopping');
  });

  it('ends the run and its units, and says in the log who did it', async () => {
    const { runId, crawlerId } = await running();
    const { workflowRunId } = await read(runId);
    await setUnit(runId, 'sales', 'done');
    await post(`/runs/${runId}/stop`);
    await ago(runId, 61);
    const forced = await post(`/runs/${runId}/force-stop`);
    expect(forced).toMatchObject({
      status: 200,
      body: { status: 'terminated', error: { code: 'FORCE_STOPPED' }, units: { done: 1, stopped: 1 }, waiting: [] },
    });
    expect(api.orchestrator.calls.terminateCrawl?.at(-1)).toEqual([crawlerId, expect.any(String), workflowRunId]);
    const log = await api.call('GET', `/runs/${runId}/log`, { as: people.viewer });
    expect(log.body.lines.at(-1)).toMatchObject({ level: 'warn', step: 'stop', message: /ended the run by force/ });
    expect(await post(`/runs/${runId}/force-stop`)).toMatchObject({ status: 409, body: { code: 'NOT_STOPPING' } });
  });

  it('leaves the run stopping while Temporal cannot be reached', async () => {
    const { runId } = await running();
    await post(`/runs/${runId}/stop`);
    await ago(runId, 61);
    api.orchestrator.unavailable = true;
    const refused = await post(`/runs/${runId}/force-stop`);
    api.orchestrator.unavailable = false;
    expect(refused).toMatchObject({ status: 503, body: { code: 'TEMPORAL_UNAVAILABLE' } });
    expect((await read(runId)).status).toBe('stopping');
  });
});

describe('retrying a run', () => {
  it('is refused while it is open, and when nothing of it is left to retry', async () => {
    const { runId, crawlerId, number } = await running();
    expect(await post(`/runs/${runId}/retry`, {})).toMatchObject({
      status: 409,
      body: { code: 'RUN_OPEN', run: { id: runId, number } },
    });
    for (const database of ['sales', 'shop']) await setUnit(runId, database, 'done');
    await closeRun(api.database, { runId, status: 'succeeded' });
    api.orchestrator.finish(crawlerId);
    expect(await post(`/runs/${runId}/retry`, {})).toMatchObject({ status: 409, body: { code: 'NOTHING_TO_RETRY' } });
  });

  it('starts a run of the databases that failed, which names the run it retries', async () => {
    const { runId, crawlerId, number } = await running();
    await setUnit(runId, 'sales', 'done');
    await setUnit(runId, 'shop', 'failed');
    await closeRun(api.database, { runId, status: 'partial' });
    api.orchestrator.finish(crawlerId);
    const { status, body: retry } = await post(`/runs/${runId}/retry`, {});
    expect(status).toBe(202);
    expect(api.orchestrator.calls.startCrawl?.at(-1)?.[0]).toMatchObject({ trigger: 'retry', ofRunId: runId });
    expect(await read(retry.runId)).toMatchObject({ trigger: 'retry', ofRun: { id: runId, number } });
    expect(await planUnits(api.database, retry.runId)).toBe(1);
    const units = await api.call('GET', `/runs/${retry.runId}/units`, { as: people.viewer });
    expect(units.body.items).toMatchObject([{ database: 'shop' }]);
    expect(await post(`/runs/${runId}/retry`, {})).toMatchObject({
      status: 409,
      body: { code: 'RUN_OPEN', run: { id: retry.runId } },
    });
    await setUnit(retry.runId, 'shop', 'done');
    await closeRun(api.database, { runId: retry.runId, status: 'succeeded' });
    api.orchestrator.finish(crawlerId);
    expect(await post(`/runs/${runId}/retry`, {})).toMatchObject({ status: 409, body: { code: 'NOTHING_TO_RETRY' } });
  });

  it('begins with the whole scope where the run came to no database', async () => {
    const { runId, crawlerId } = await running();
    await query(api.database, 'DELETE FROM crawl_unit WHERE run_id = ?', [runId]);
    await closeRun(api.database, { runId, status: 'failed' });
    api.orchestrator.finish(crawlerId);
    const { body: retry } = await post(`/runs/${runId}/retry`, {});
    expect(await planUnits(api.database, retry.runId)).toBe(2);
  });
});

describe('pausing a run', () => {
  it('says who did it and why, is repeatable, and wakes the crawl each time', async () => {
    const { runId, crawlerId } = await running();
    const paused = await post(`/runs/${runId}/pause`, { note: 'backups' });
    expect(paused).toMatchObject({ status: 200, body: { status: 'running', pause: { note: 'backups' } } });
    expect(await post(`/runs/${runId}/pause`, { note: 'again' })).toMatchObject({
      body: { pause: { note: 'backups' } },
    });
    expect((await read(runId)).waiting).toMatchObject([
      { code: 'PAUSED', message: expect.stringMatching(/ paused the run: backups$/) },
    ]);
    expect(await post(`/runs/${runId}/resume`)).toMatchObject({ status: 200, body: { pause: null, waiting: [] } });
    expect(await post(`/runs/${runId}/resume`)).toMatchObject({ status: 200 });
    const woken = api.orchestrator.calls.wakeCrawl?.filter(([id]) => id === crawlerId).map(([, because]) => because);
    expect(woken).toEqual(['paused', 'paused', 'resumed', 'resumed']);
  });

  it('is refused of a run that is stopping or has ended', async () => {
    const { runId } = await running();
    await post(`/runs/${runId}/stop`);
    expect(await post(`/runs/${runId}/pause`, {})).toMatchObject({ status: 409, body: { code: 'NO_OPEN_RUN' } });
    await closeRun(api.database, { runId, status: 'stopped' });
    expect(await post(`/runs/${runId}/resume`)).toMatchObject({ status: 409, body: { code: 'NO_OPEN_RUN' } });
  });
});

describe('why a run waits', () => {
  it('is told of the next attempt with its cause, and of a group that is full with the place in its queue', async () => {
    const { runId, crawlerId } = await running();
    expect((await read(runId)).waiting).toEqual([]);
    const nextAttemptAt = new Date(Date.now() + 20_000);
    api.orchestrator.waiting.set(crawlerId, [
      {
        step: 'collectUnit',
        attempt: 3,
        since: new Date(),
        nextAttemptAt,
        failure: { code: 'CONNECTION_LOST', message: 'db.example hung up', remedy: 'Look at its log.', unit: 2 },
      },
      { step: 'collectUnit', attempt: 1, since: new Date(), nextAttemptAt: null, failure: null },
    ]);
    const { waiting } = await read(runId);
    expect(waiting).toMatchObject([
      {
        code: 'RETRYING',
        message: expect.stringMatching(/^Collecting shop: attempt 3 in (19|20) s, after: db.example hung up$/),
        database: 'shop',
        attempt: 3,
        nextAttemptAt: nextAttemptAt.toISOString(),
        cause: { code: 'CONNECTION_LOST' },
      },
      { code: 'WAITING_FOR_CAPACITY', resourceGroup: 'default', position: expect.any(Number) },
    ]);
    const ahead = waiting[1].position;
    const later = await running();
    api.orchestrator.waiting.set(later.crawlerId, [
      { step: 'discoverUnits', attempt: 1, since: new Date(), nextAttemptAt: null, failure: null },
    ]);
    expect((await read(later.runId)).waiting).toMatchObject([{ code: 'WAITING_FOR_CAPACITY', position: ahead + 1 }]);
    await setUnit(runId, 'sales', 'collecting');
    expect((await read(later.runId)).waiting).toMatchObject([{ code: 'WAITING_FOR_CAPACITY', position: ahead }]);
  });

  it('is told of a group without a worker once, and of the rest being unknown while Temporal is away', async () => {
    const { runId, crawlerId } = await running();
    api.orchestrator.waiting.set(crawlerId, [
      { step: 'discoverUnits', attempt: 1, since: new Date(), nextAttemptAt: null, failure: null },
    ]);
    await query(api.database, 'DELETE FROM worker_process');
    expect((await read(runId)).waiting).toMatchObject([
      { code: 'RESOURCE_GROUP_WITHOUT_WORKER', resourceGroup: 'default' },
    ]);
    await serveGroup(api);
    api.orchestrator.unavailable = true;
    const { waiting } = await read(runId);
    api.orchestrator.unavailable = false;
    expect(waiting).toMatchObject([{ code: 'TEMPORAL_UNAVAILABLE' }]);
  });

  it('is told after the end while search does not show all of it', async () => {
    const { runId } = await running();
    await query(api.database, 'UPDATE crawl_run SET outbox_mark = 1 WHERE id = ?', [runId]);
    await closeRun(api.database, { runId, status: 'succeeded' });
    expect((await read(runId)).waiting).toMatchObject([{ code: 'INDEX_BEHIND' }]);
    await query(api.database, 'UPDATE crawl_run SET searchable_at = now() WHERE id = ?', [runId]);
    expect((await read(runId)).waiting).toEqual([]);
  });
});

it('A run of a crawler that wants descriptions tells from its end on how far they are, and what they wait for', async () => {
  const { crawlerId, runId } = await running();
  await query(api.database, 'UPDATE crawler SET ai_descriptions = true WHERE id = ?', [crawlerId]);
  expect(await read(runId)).toMatchObject({ describing: null });
  await closeRun(api.database, { runId, status: 'succeeded' });
  expect((await read(runId)).describing).toEqual({
    due: true,
    waiting: 0,
    done: 0,
    failed: [],
    requests: 0,
    failures: 0,
    suggestions: 0,
    refused: 0,
    tokens: 0,
    model: 'unconfigured',
    waitsUntil: null,
    tokensLeftToday: 200_000,
  });
});

it('What is outdated is counted for the admin of the tenant, and asked about anew when told to', async () => {
  const as = people.tenantAdmin;
  const { crawlerId } = await running();
  const none = { tables: 0, suggestions: 0, tokens: 0 };
  const counted = await api.call('GET', `/ai/outdated-suggestions?crawlerId=${crawlerId}`, { as });
  expect(counted).toMatchObject({ status: 200, body: none });
  const asked = await api.call('POST', '/ai/outdated-suggestions', { as, body: { crawlerId } });
  expect(asked).toMatchObject({ status: 202, body: none });
  const wrong = await api.call('POST', '/ai/outdated-suggestions', { as, body: { crawlerId: 'all' } });
  expect(wrong.status).toBe(400);
});
