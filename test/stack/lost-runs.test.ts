import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openRun } from '../../catalog/runs/open-run.js';
import { pauseRun } from '../../catalog/runs/pause-run.js';
import { queueRun } from '../../catalog/runs/queue-run.js';
import { getRun } from '../../catalog/runs/read-runs.js';
import { CONTROL_QUEUE, crawlId } from '../../workflows/contract.js';
import { startWholeProduct, type WholeProduct } from './whole-product.js';

let product: WholeProduct;
beforeAll(async () => {
  product = await startWholeProduct();
});
afterAll(() => product.stop());

/** A run that has begun, of an execution that no worker is there for. */
async function begun(how: { workflowExecutionTimeout?: '1s' } = {}) {
  const { id: crawlerId } = await product.makeCrawler(1);
  const workflowId = crawlId(crawlerId);
  const execution = await product.client.workflow.start('crawl', { workflowId, taskQueue: 'nobody', ...how });
  const runId = randomUUID();
  const workflowRunId = execution.firstExecutionRunId;
  await openRun(product.api.database, { runId, crawlerId, trigger: 'manual', workflowId, workflowRunId });
  return { runId, crawlerId, execution };
}

/** What the schedule of each minute starts. */
const keepUp = () =>
  product.client.workflow.execute('drainSearchOutbox', { workflowId: randomUUID(), taskQueue: CONTROL_QUEUE });

const run = (runId: string) => getRun(product.api.database, runId);

it("closes a run that was paused for longer than the engine's limit with the cause, and none that is still open", async () => {
  const open = await begun();
  const { runId, crawlerId, execution } = await begun({ workflowExecutionTimeout: '1s' });
  await pauseRun(product.api.database, runId, { personId: null, name: 'An operator' });
  await vi.waitFor(async () => expect((await execution.describe()).status.name).toBe('TIMED_OUT'), {
    timeout: 20_000,
  });
  await keepUp();
  expect(await run(runId)).toMatchObject({
    status: 'failed',
    error: {
      code: 'RUN_TIMED_OUT',
      message: expect.stringMatching(/open for 25 hours, .*; it was paused since 20.*Z$/),
      remedy: expect.any(String),
    },
  });
  expect(await product.rows(`SELECT message FROM run_log WHERE run_id = ? AND step = 'close'`, runId)).toMatchObject([
    { message: expect.stringContaining('25 hours') },
  ]);
  expect(await run(open.runId)).toMatchObject({ status: 'running', error: null });
  await open.execution.terminate();
  expect(await product.runToItsEnd(crawlerId)).toMatchObject({ status: 'succeeded' });
}, 60_000);

it('closes runs that were terminated in the engine, that it lost, or that were queued and never started', async () => {
  const terminated = await begun();
  await terminated.execution.terminate();
  const { database } = product.api;
  const { id: crawlerId } = await product.makeCrawler(1);
  const lost = randomUUID();
  await openRun(database, { runId: lost, crawlerId, trigger: 'manual', workflowId: 'w', workflowRunId: randomUUID() });
  const [fresh, old] = [randomUUID(), randomUUID()];
  for (const runId of [fresh, old])
    await queueRun(database, { runId, crawlerId: (await product.makeCrawler(1)).id, trigger: 'manual' });
  await product.rows(`UPDATE crawl_run SET queued_at = now() - interval '6 minutes' WHERE id = ?`, old);
  await keepUp();
  expect(await run(terminated.runId)).toMatchObject({ status: 'terminated', error: { code: 'RUN_TERMINATED' } });
  expect(await run(lost)).toMatchObject({ status: 'failed', error: { code: 'RUN_ABANDONED' } });
  expect(await run(old)).toMatchObject({ status: 'failed', error: { code: 'RUN_NOT_STARTED' } });
  expect(await run(fresh)).toMatchObject({ status: 'queued' });
}, 60_000);
