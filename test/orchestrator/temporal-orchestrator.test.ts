import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import type { Plan } from '../../catalog/crawlers/plan.js';
import { freePort } from '../../cli/embedded/free-port.js';
import { startTemporal } from '../../cli/embedded/temporal.js';
import { resolveTemporalBinary } from '../../cli/embedded/temporal-binary.js';
import { keepSchedules } from '../../orchestrator/keep-schedules.js';
import { type Orchestrator, OrchestratorUnavailable, type ScheduledCrawler } from '../../orchestrator/port.js';
import { createOrchestrator } from '../../orchestrator/temporal-orchestrator.js';
import { crawlId, deleteCrawlerId, SEARCH_OUTBOX, scheduleId } from '../../workflows/contract.js';

const nightly: Plan = { mode: 'cycle', every: 'day', hour: 2, minute: 30, timeZone: 'Asia/Shanghai' };
const crawler = (changes: Partial<ScheduledCrawler> = {}): ScheduledCrawler => ({
  id: randomUUID(),
  name: 'shop',
  plan: nightly,
  paused: false,
  resourceGroupId: 'default',
  ...changes,
});

describe('the orchestrator on a running server', () => {
  let connection: Connection;
  let client: Client;
  let orchestrator: Orchestrator;
  const schedule = (id: string) => client.schedule.getHandle(scheduleId(id)).describe();

  beforeAll(async () => {
    connection = await Connection.connect({ address: inject('temporal') });
    client = new Client({ connection });
    orchestrator = createOrchestrator({ connection: { address: inject('temporal') }, namespace: 'default' });
  });
  afterAll(async () => {
    await orchestrator.close();
    await connection.close();
  });

  const start = (crawlerId: string) =>
    orchestrator.startCrawl({
      crawlerId,
      crawlerName: 'shop',
      resourceGroup: 'default',
      runId: randomUUID(),
      trigger: 'manual',
    });

  it('starts a crawler’s crawl once, however often it is asked', async () => {
    const { id } = crawler();
    const answers = await Promise.all([start(id), start(id), start(id), start(id)]);
    expect(answers.filter(({ started }) => started)).toHaveLength(1);
    const { typedSearchAttributes, staticSummary } = await client.workflow.getHandle(crawlId(id)).describe();
    expect(Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]))).toMatchObject(
      { CrawlerId: id, ResourceGroup: 'default', Trigger: 'manual' },
    );
    expect(await staticSummary()).toBe('Collect metadata: shop');
    expect(await orchestrator.terminateCrawl(id, 'end of test')).toBe(true);
  });

  it('tells that there is nothing to stop', async () => {
    expect(await orchestrator.stopCrawl(randomUUID())).toBe(false);
    const { id } = crawler();
    await start(id);
    expect(await orchestrator.stopCrawl(id)).toBe(true);
    expect(await orchestrator.terminateCrawl(id, 'end of test')).toBe(true);
    expect(await orchestrator.terminateCrawl(id, 'end of test')).toBe(false);
    expect(await orchestrator.stopCrawl(id)).toBe(false);
  });

  it('waits for an open crawl to close, however it closes, and tells which one does not', async () => {
    const { id } = crawler();
    expect(await orchestrator.untilNoCrawl(id, 5_000)).toBeUndefined();
    await start(id);
    const { runId } = await client.workflow.getHandle(crawlId(id)).describe();
    expect(await orchestrator.untilNoCrawl(id, 300)).toBe(runId);
    const waiting = orchestrator.untilNoCrawl(id, 20_000);
    await orchestrator.terminateCrawl(id, 'end of test');
    expect(await waiting).toBeUndefined();
  });

  it('gives a repeated deletion the one that is under way', async () => {
    const request = { crawlerId: randomUUID(), crawlerName: 'shop' };
    await orchestrator.deleteCrawler(request);
    const first = await client.workflow.getHandle(deleteCrawlerId(request.crawlerId)).describe();
    await orchestrator.deleteCrawler(request);
    const second = await client.workflow.getHandle(deleteCrawlerId(request.crawlerId)).describe();
    expect(second.runId).toBe(first.runId);
    await client.workflow.getHandle(deleteCrawlerId(request.crawlerId)).terminate('end of test');
  });

  it('keeps a schedule as the plan says through edits, pauses and a change to manual', async () => {
    const subject = crawler();
    await orchestrator.applySchedule(subject);
    const made = await schedule(subject.id);
    expect(made.action).toMatchObject({
      workflowType: 'scheduledCrawl',
      workflowId: `tick:${subject.id}`,
      taskQueue: 'control',
      args: [{ crawlerId: subject.id, crawlerName: 'shop', resourceGroup: 'default' }],
      workflowExecutionTimeout: 26 * 3_600_000,
    });
    expect(made.policies).toEqual({ overlap: 'SKIP', catchupWindow: 3_600_000, pauseOnFailure: false });
    expect(made.memo).toEqual({ crawlerId: subject.id });
    expect(await orchestrator.nextRuns(subject.id)).toEqual(made.info.nextActionTimes);
    expect(made.info.nextActionTimes[0]?.toISOString()).toMatch(/T18:30:00\.000Z$/);

    const hourly: Plan = { mode: 'cycle', every: 'hour', minutes: [15], timeZone: 'UTC' };
    await orchestrator.applySchedule({ ...subject, name: 'shop two', plan: hourly });
    const edited = await schedule(subject.id);
    expect(edited.spec.calendars).toHaveLength(1);
    expect(edited.spec.timezone).toBe('UTC');
    expect(edited.action.args).toMatchObject([{ crawlerName: 'shop two' }]);

    await orchestrator.applySchedule({ ...subject, paused: true, pauseNote: 'server moves on Sunday' });
    expect((await schedule(subject.id)).state).toMatchObject({
      paused: true,
      note: expect.stringContaining('server moves on Sunday'),
    });
    expect(await orchestrator.nextRuns(subject.id)).toEqual([]);

    await orchestrator.applySchedule({ ...subject, plan: { mode: 'manual' } });
    await expect(schedule(subject.id)).rejects.toThrow(/not found/i);
    await orchestrator.removeSchedule(subject.id);
    expect(await orchestrator.nextRuns(subject.id)).toEqual([]);
  });

  it('previews a plan without leaving anything behind', async () => {
    const times = await orchestrator.previewPlan({
      mode: 'cycle',
      every: 'hour',
      minutes: [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55],
      timeZone: 'Asia/Shanghai',
    });
    expect(times).toHaveLength(5);
    for (const [index, time] of times.entries()) {
      expect(time.getTime() % 300_000).toBe(0);
      if (index > 0) expect(time.getTime() - (times[index - 1]?.getTime() ?? 0)).toBe(300_000);
    }
    await expect
      .poll(
        async () => {
          const ids: string[] = [];
          for await (const { scheduleId: id } of client.schedule.list()) ids.push(id);
          return ids.filter((id) => id.startsWith('preview:'));
        },
        { timeout: 10_000 },
      )
      .toEqual([]);
    expect(await orchestrator.previewPlan({ mode: 'manual' })).toEqual([]);
  });

  it('puts right what was removed, edited by hand, or belongs to no crawler', async () => {
    const removed = crawler();
    const edited = crawler({ name: 'edited' });
    const untouched = crawler({ name: 'untouched', paused: true, pauseNote: 'waiting for grants' });
    const stray = crawler({ name: 'stray' });
    for (const each of [removed, edited, untouched, stray]) await orchestrator.applySchedule(each);
    await client.schedule.getHandle(scheduleId(removed.id)).delete();
    await client.schedule.getHandle(scheduleId(edited.id)).update((found) => ({
      ...found,
      spec: { cronExpressions: ['0 0 1 1 *'] },
    }));
    await client.schedule.getHandle(scheduleId(edited.id)).pause('by hand');
    await expect
      .poll(async () => {
        const ids: string[] = [];
        for await (const { scheduleId: id } of client.schedule.list()) ids.push(id);
        return ids;
      })
      .toContain(scheduleId(stray.id));
    const manual = crawler({ plan: { mode: 'manual' } });

    const report = await orchestrator.reconcile(async () => [removed, edited, untouched, manual]);

    expect(report.created).toEqual([removed.id]);
    expect(report.overwritten).toEqual([edited.id]);
    expect(report.removed).toContain(stray.id);
    const restored = await schedule(edited.id);
    expect(restored.state).toMatchObject({ paused: false });
    expect(restored.spec.calendars).toEqual((await schedule(untouched.id)).spec.calendars);
    await expect(schedule(stray.id)).rejects.toThrow(/not found/i);
    expect((await client.schedule.getHandle(SEARCH_OUTBOX).describe()).action).toMatchObject({
      workflowType: 'drainSearchOutbox',
    });
    expect(await orchestrator.reconcile(async () => [removed, edited, untouched, manual])).toMatchObject({
      created: [],
      overwritten: [],
    });
    await client.schedule.getHandle(SEARCH_OUTBOX).delete();
  });

  it('brings search up to date without waiting for the minute', async () => {
    await orchestrator.reconcile(async () => []);
    const upkeep = client.schedule.getHandle(SEARCH_OUTBOX);
    // By itself it does nothing now: what is done is done because it was asked for.
    await upkeep.pause();
    const done = async () => (await upkeep.describe()).info.numActionsTaken;
    const before = await done();
    await orchestrator.bringSearchUpToDate();
    await expect.poll(done).toBe(before + 1);
    await upkeep.delete();
  });

  it('is healthy, and says so of a namespace that does not exist', async () => {
    expect(await orchestrator.health()).toEqual({ ok: true });
    const elsewhere = createOrchestrator({ connection: { address: inject('temporal') }, namespace: 'nowhere' });
    expect(await elsewhere.health()).toMatchObject({ ok: false, reason: expect.stringContaining('nowhere') });
    await expect(elsewhere.stopCrawl(randomUUID())).rejects.toBeInstanceOf(OrchestratorUnavailable);
    await elsewhere.close();
  });
});

describe('the orchestrator without a server', () => {
  it('says soon that the server is away, and restores every schedule on one that lost its store', async () => {
    const port = await freePort();
    const orchestrator = createOrchestrator({ connection: { address: `127.0.0.1:${port}` }, namespace: 'default' });
    const began = Date.now();
    await expect(orchestrator.applySchedule(crawler())).rejects.toMatchObject({
      code: 'TEMPORAL_UNAVAILABLE',
      remedy: expect.stringContaining('TEMPORAL_ADDRESS'),
    });
    expect(await orchestrator.health()).toMatchObject({ ok: false });
    expect(Date.now() - began).toBeLessThan(4_000);

    const binary = await resolveTemporalBinary(resolve('.datamap'));
    const crawlers = [crawler(), crawler({ name: 'two' }), crawler({ plan: { mode: 'manual' } })];
    const scheduled = crawlers.slice(0, 2).map(({ id }) => id);
    for (const life of ['first', 'second']) {
      const server = await startTemporal({ binary, port, logFile: join(tmpdir(), `temporal-${port}-${life}.log`) });
      await expect.poll(() => orchestrator.health(), { timeout: 15_000 }).toEqual({ ok: true });
      const report = await orchestrator.reconcile(async () => crawlers);
      expect(report.created.toSorted(), `the ${life} server`).toEqual(scheduled.toSorted());
      expect(await orchestrator.nextRuns(scheduled[0] ?? '')).not.toEqual([]);
      await server.stop();
    }
    await orchestrator.close();
  });

  it('goes on trying to keep schedules, and says once that it cannot', async () => {
    const log = pino({ level: 'silent' });
    const error = vi.spyOn(log, 'error');
    const info = vi.spyOn(log, 'info');
    let away = true;
    const reconcile = vi.fn(async () => {
      if (away) throw new OrchestratorUnavailable('away');
      return { created: [], overwritten: [], removed: [] };
    });
    const keeper = keepSchedules({
      orchestrator: { reconcile } as unknown as Orchestrator,
      load: async () => [],
      log,
      interval: 5,
    });
    await vi.waitFor(() => expect(reconcile.mock.calls.length).toBeGreaterThan(3), { timeout: 15_000 });
    away = false;
    await vi.waitFor(() => expect(info).toHaveBeenCalledWith('Schedules are kept up to date again'), {
      timeout: 15_000,
    });
    await keeper.stop();
    expect(error).toHaveBeenCalledTimes(1);
  });
});
