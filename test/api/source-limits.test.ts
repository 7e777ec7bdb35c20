import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { getRun } from '../../catalog/runs/read-runs.js';
import { readRunLog } from '../../catalog/runs/run-log.js';
import { type ApiUnderTest, type People, populate, serveGroup, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let people: People;
beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
  await serveGroup(api);
});
afterAll(() => api.stop());

const post = (path: string, body: unknown) => api.call('POST', path, { as: people.developer, body });
const source = (limits?: unknown) =>
  post('/data-sources', {
    workspaceId: people.workspaceId,
    name: randomUUID(),
    type: 'postgresql',
    config: { host: `${randomUUID()}.example`, user: 'reader' },
    ...(limits === undefined ? {} : { limits }),
  });
async function crawler(limits?: unknown): Promise<string> {
  const { body } = await source(limits);
  const made = await post('/crawlers', {
    workspaceId: people.workspaceId,
    dataSourceId: body.id,
    name: randomUUID(),
    databases: ['shop'],
  });
  return made.body.id;
}

/** An hour before now until an hour after, by the clock in UTC. */
function aroundNow() {
  const clock = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);
  return { from: clock(-1), to: clock(1), timeZone: 'UTC' };
}

test('limits of a data source are kept, changed as a whole, and lifted', async () => {
  expect((await source()).body.limits).toEqual({});
  const limits = { maxConnections: 2, queriesPerSecond: 5, quietHours: { ...aroundNow(), days: ['MONDAY'] } };
  const made = await source(limits);
  expect(made.body.limits).toEqual(limits);
  const change = (version: number, given: unknown) =>
    api.call('PATCH', `/data-sources/${made.body.id}`, {
      as: people.developer,
      headers: { 'if-match': `"${version}"` },
      body: { limits: given },
    });
  expect((await change(1, { queriesPerSecond: 1 })).body.limits).toEqual({ queriesPerSecond: 1 });
  expect((await change(2, {})).body.limits).toEqual({});
});

test.each([
  [{ maxConnections: 0 }, 'limits.maxConnections'],
  [{ queriesPerSecond: -1 }, 'limits.queriesPerSecond'],
  [{ quietHours: { from: '24:00', to: '06:00', timeZone: 'UTC' } }, 'limits.quietHours.from'],
  [{ quietHours: { from: '06:00', to: '06:00', timeZone: 'UTC' } }, 'limits.quietHours.to'],
  [{ quietHours: { from: '22:00', to: '06:00', timeZone: 'Mars/Olympus' } }, 'limits.quietHours.timeZone'],
  [{ quietHours: { from: '22:00', to: '06:00', timeZone: 'UTC', days: ['FUNDAY'] } }, 'limits.quietHours.days.0'],
])('a limit that is none is refused by its name: %j', async (limits, path) => {
  const refused = await source(limits);
  expect([refused.status, refused.body.code]).toEqual([400, 'INVALID_REQUEST']);
  expect(refused.body.errors.map((error: { path: string }) => error.path)).toEqual([path]);
});

test('a run by hand is refused in quiet hours with their end, and begins when it is wanted anyway', async () => {
  const quietHours = aroundNow();
  const id = await crawler({ quietHours });
  const refused = await post(`/crawlers/${id}/runs`, {});
  expect([refused.status, refused.body.code]).toEqual([409, 'QUIET_HOURS']);
  expect(refused.body.until.slice(11, 16)).toBe(quietHours.to);
  const anyway = await post(`/crawlers/${id}/runs`, { anyway: true });
  expect(anyway.status).toBe(202);
  const run = await api.call('GET', `/runs/${anyway.body.runId}`, { as: people.developer });
  expect(run.body.waiting.map(({ code }: { code: string }) => code)).not.toContain('QUIET_HOURS');
});

test('a run that quiet hours overtake says so, and until when', async () => {
  const { body: made } = await source();
  const { body: its } = await post('/crawlers', {
    workspaceId: people.workspaceId,
    dataSourceId: made.id,
    name: randomUUID(),
    databases: ['shop'],
  });
  const { body: started } = await post(`/crawlers/${its.id}/runs`, {});
  await api.call('PATCH', `/data-sources/${made.id}`, {
    as: people.developer,
    headers: { 'if-match': '"1"' },
    body: { limits: { quietHours: aroundNow() } },
  });
  const run = await api.call('GET', `/runs/${started.runId}`, { as: people.developer });
  expect(run.body.waiting).toContainEqual(
    expect.objectContaining({ code: 'QUIET_HOURS', until: expect.any(String), remedy: expect.any(String) }),
  );
});

test('an open run is throttled by part, which it and its log show, and null lifts it', async () => {
  const { body: started } = await post(`/crawlers/${await crawler()}/runs`, {});
  const throttle = (body: unknown) => post(`/runs/${started.runId}/throttle`, body);
  expect((await throttle({ lanes: 2 })).body.throttle).toEqual({ lanes: 2 });
  expect((await throttle({ queriesPerSecond: 3 })).body.throttle).toEqual({ lanes: 2, queriesPerSecond: 3 });
  expect((await throttle({ lanes: null })).body.throttle).toEqual({ queriesPerSecond: 3 });
  expect((await throttle({ queriesPerSecond: null })).body.throttle).toEqual({});
  expect((await throttle({})).status).toBe(400);
  const { lines } = await readRunLog(api.database, started.runId, { limit: 10, step: 'throttle' });
  expect(lines.map(({ message }) => message)).toEqual([
    'Developer holds the run to 2 databases at once',
    'Developer holds the run to 2 databases at once and 3 queries a second',
    'Developer holds the run to 3 queries a second',
    'Developer lifted the throttle of the run',
  ]);
  await api.database.raw(`UPDATE crawl_run SET status = 'stopped', ended_at = now() WHERE id = ?`, [started.runId]);
  expect((await throttle({ lanes: 1 })).body.code).toBe('NO_OPEN_RUN');
  expect((await getRun(api.database, started.runId)).throttle).toEqual({});
});
