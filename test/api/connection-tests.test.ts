import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTest, finishTest, markTestRunning, putTestStep } from '../../catalog/jobs/connection-tests.js';
import { type ApiUnderTest, type People, populate, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let people: People;
let sourceId: string;

beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
  const source = await api.call('POST', '/data-sources', {
    as: people.developer,
    body: { workspaceId: people.workspaceId, name: 'shop', url: 'postgres://reader:secret@db.example/shop' },
  });
  sourceId = source.body.id;
});

afterAll(() => api.stop());

/** Reads a stream of events to its end. */
async function readEvents(
  testId: string,
  onEvent: (event: string, data: Record<string, unknown>) => Promise<void> | void,
) {
  const response = await fetch(`${api.url}/api/v1/connection-tests/${testId}/events`, {
    headers: { authorization: `Bearer ${people.viewer.token}` },
  });
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const event = /^event: (.*)$/m.exec(block)?.[1];
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (event !== undefined && data !== undefined) await onEvent(event, JSON.parse(data));
    }
  }
  return response;
}

it('starts a test on the chosen group, with the databases to look into', async () => {
  const answer = await api.call('POST', `/data-sources/${sourceId}/tests`, {
    as: people.developer,
    body: { resourceGroupId: 'default', databases: ['shop'] },
  });
  expect(answer.status).toBe(202);
  expect(api.orchestrator.calls.startConnectionTest?.at(-1)).toEqual([
    {
      testId: answer.body.id,
      dataSourceId: sourceId,
      dataSourceName: 'shop',
      resourceGroup: 'default',
      databases: ['shop'],
    },
  ]);
  const read = await api.call('GET', `/connection-tests/${answer.body.id}`, { as: people.viewer });
  expect(read.body).toMatchObject({ status: 'queued', steps: [], stale: false });
});

it('refuses a resource group there is not', async () => {
  const answer = await api.call('POST', `/data-sources/${sourceId}/tests`, {
    as: people.developer,
    body: { resourceGroupId: 'nowhere' },
  });
  expect([answer.status, answer.body.code]).toEqual([400, 'GROUP_UNKNOWN']);
});

it('streams each step as it starts and ends, and closes when the test has ended', async () => {
  const testId = randomUUID();
  await createTest(api.database, { testId, dataSourceId: sourceId, resourceGroupId: 'default' });
  await markTestRunning(api.database, testId, 'worker-1');
  await putTestStep(api.database, testId, { id: 'worker', state: 'passed', duration: 3 });
  const seen: [string, unknown][] = [];
  const response = await readEvents(testId, async (event, data) => {
    seen.push([event, event === 'end' ? data.status : `${data.id} ${data.state}`]);
    // What the worker does next, once its last report has been seen.
    if (seen.length === 1) await putTestStep(api.database, testId, { id: 'resolve_host', state: 'running' });
    if (seen.length === 2) {
      await putTestStep(api.database, testId, {
        id: 'resolve_host',
        state: 'failed',
        message: 'There is no such host',
      });
      await finishTest(api.database, testId, 'failed');
    }
  });
  expect(seen).toEqual([
    ['step', 'worker passed'],
    ['step', 'resolve_host running'],
    ['step', 'resolve_host failed'],
    ['end', 'failed'],
  ]);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  expect(response.headers.get('cache-control')).toContain('no-transform');
  expect(response.headers.get('x-accel-buffering')).toBe('no');
});

it('gives all steps again to whoever connects later', async () => {
  const testId = randomUUID();
  await createTest(api.database, { testId, dataSourceId: sourceId, resourceGroupId: 'default' });
  await putTestStep(api.database, testId, { id: 'worker', state: 'passed' });
  await finishTest(api.database, testId, 'passed');
  const seen: string[] = [];
  await readEvents(testId, (event) => void seen.push(event));
  expect(seen).toEqual(['step', 'end']);
});

it('cancels a test, and says so when it has ended already', async () => {
  const { body } = await api.call('POST', `/data-sources/${sourceId}/tests`, { as: people.developer, body: {} });
  const cancel = () => api.call('POST', `/connection-tests/${body.id}/cancel`, { as: people.developer });
  expect((await cancel()).status).toBe(202);
  await finishTest(api.database, body.id, 'cancelled');
  expect(await cancel()).toMatchObject({ status: 409, body: { code: 'TEST_ENDED' } });
});

it('marks a test stale once its source was changed', async () => {
  const testId = randomUUID();
  await createTest(api.database, { testId, dataSourceId: sourceId, resourceGroupId: 'default' });
  const before = await api.call('GET', `/data-sources/${sourceId}`, { as: people.developer });
  await api.call('PATCH', `/data-sources/${sourceId}`, {
    as: people.developer,
    body: { description: 'moved' },
    headers: { 'if-match': before.headers.get('etag') ?? '' },
  });
  const after = await api.call('GET', `/connection-tests/${testId}`, { as: people.developer });
  expect(after.body.stale).toBe(true);
});
