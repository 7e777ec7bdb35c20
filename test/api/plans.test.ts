import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCrawler } from '../../catalog/crawlers/write-crawlers.js';
import { openPlan } from '../../catalog/plans/plan-state.js';
import { closeRun } from '../../catalog/runs/close-run.js';
import { openRun } from '../../catalog/runs/open-run.js';
import { planUnits } from '../../catalog/runs/units.js';
import { createSource } from '../../catalog/sources/write-sources.js';
import { connectorSpec } from '../../connectors/registry.js';
import { type ApiUnderTest, type People, populate, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let people: People;
let crawlerId: string;
beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
  const type = connectorSpec('postgresql');
  if (type === undefined) throw new Error('There is no connector for PostgreSQL');
  const config = { host: 'db.example', user: 'reader' };
  const source = await createSource(
    api.database,
    { secretKey: api.context.secretKey, type },
    { workspaceId: people.workspaceId, name: 'shop', environment: 'production', config },
  );
  const crawler = await createCrawler(api.database, {
    workspaceId: people.workspaceId,
    dataSourceId: source.id,
    resourceGroupId: 'default',
    databases: ['shop'],
    plan: { mode: 'manual' },
  });
  crawlerId = crawler.id;
});
afterAll(() => api.stop());

const call = (method: string, path: string, body?: object) =>
  api.call(method, path, { as: people.developer, ...(body === undefined ? {} : { body }) });

/** A run that has ended, with one planned database where it was to plan. */
async function ended(trigger: 'manual' | 'plan'): Promise<string> {
  const runId = randomUUID();
  const workflow = { workflowId: `crawl:${crawlerId}`, workflowRunId: randomUUID() };
  await openRun(api.database, { runId, crawlerId, trigger, ...workflow });
  await planUnits(api.database, runId);
  if (trigger === 'plan') {
    await api.database.raw(`UPDATE crawl_unit SET status = 'planned', counts = '{"added": 3}' WHERE run_id = ?`, [
      runId,
    ]);
    await openPlan(api.database, runId);
  }
  await closeRun(api.database, { runId, status: 'succeeded' });
  return runId;
}

describe('planning', () => {
  it('starts a run that is told from others', async () => {
    const { status, body } = await call('POST', `/crawlers/${crawlerId}/plan`, { anyway: true });
    expect({ status, body }).toMatchObject({ status: 202, body: { status: 'queued' } });
    expect((await call('GET', `/runs/${body.runId}`)).body).toMatchObject({ trigger: 'plan' });
    expect((await call('GET', `/runs/${body.runId}/plan`)).body).toMatchObject({ status: 409, code: 'PLAN_NOT_OPEN' });
    expect((await call('POST', `/runs/${body.runId}/discard`)).body).toMatchObject({ code: 'RUN_OPEN' });
  });

  it('shows, applies and discards a plan while it is open, and not after', async () => {
    const runId = await ended('plan');
    const plan = await call('GET', `/runs/${runId}/plan`);
    expect(plan).toMatchObject({
      status: 200,
      body: { state: 'open', counts: { added: 3, removed: 0, unchanged: 0 } },
    });
    expect(await call('GET', `/runs/${runId}/plan/changes`)).toMatchObject({ status: 200, body: { items: [] } });
    expect(await call('POST', `/runs/${runId}/retry`, {})).toMatchObject({ body: { code: 'NOTHING_TO_RETRY' } });
    expect(await call('POST', `/runs/${runId}/discard`)).toMatchObject({ status: 200, body: { state: 'discarded' } });
    for (const [method, path] of [
      ['POST', 'apply'],
      ['POST', 'discard'],
      ['GET', 'plan/changes'],
    ] as const)
      expect(await call(method, `/runs/${runId}/${path}`, method === 'POST' ? {} : undefined), path).toMatchObject({
        status: 409,
        body: { code: 'PLAN_NOT_OPEN' },
      });
  });

  it('has no plan of a run that was not to plan', async () => {
    const runId = await ended('manual');
    expect((await call('POST', `/runs/${runId}/apply`, {})).body).toMatchObject({ status: 409, code: 'PLAN_NOT_OPEN' });
  });
});

describe('reverting', () => {
  it('is refused for a run that is open, or that changed nothing', async () => {
    const runId = await ended('manual');
    expect((await call('POST', `/runs/${runId}/revert`)).body).toMatchObject({
      status: 409,
      code: 'NOTHING_TO_REVERT',
    });
    const { body } = await call('GET', `/runs/${runId}/revert-preview`);
    expect(body).toMatchObject({ remove: 0, change: 0, restore: 0, changedAgain: 0 });
    expect(body.note).toContain('the next crawl collects');
  });
});
