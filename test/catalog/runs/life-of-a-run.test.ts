import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { markDeleting } from '../../../catalog/crawlers/write-crawlers.js';
import { createGroup } from '../../../catalog/groups/groups.js';
import { closeRun } from '../../../catalog/runs/close-run.js';
import { CrawlerGone, RunEnded } from '../../../catalog/runs/errors.js';
import { openRun } from '../../../catalog/runs/open-run.js';
import { recordProblems } from '../../../catalog/runs/problems.js';
import { queueRun, recordSkippedRun, unqueueRun } from '../../../catalog/runs/queue-run.js';
import { getRun, listRuns, openRunOf } from '../../../catalog/runs/read-runs.js';
import { markStopping } from '../../../catalog/runs/stop-run.js';
import { claimUnit, planUnits } from '../../../catalog/runs/units.js';
import { query } from '../../../db/query.js';
import { NotFound } from '../../../db/refusals.js';
import { testDatabase } from '../../servers/test-database.js';
import { installation, putTables } from '../installation.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let place: Awaited<ReturnType<typeof installation>>;
beforeAll(async () => {
  catalog = await testDatabase();
  place = await installation(catalog.database);
});
afterAll(() => catalog.drop());

const setUnit = (runId: string, unit: number, status: string, counts: Record<string, number> = {}) =>
  query(
    catalog.database,
    'UPDATE crawl_unit SET status = :status, counts = :counts WHERE run_id = :runId AND unit = :unit',
    { runId, unit, status, counts: JSON.stringify(counts) },
  );

test('a queued run is taken over by the workflow that opens it', async () => {
  const crawler = await place.addCrawler();
  const runId = randomUUID();
  const queued = await queueRun(catalog.database, {
    runId,
    crawlerId: crawler.id,
    trigger: 'manual',
    requestedBy: place.personId,
  });
  expect(queued).toEqual({ runId, number: expect.any(Number), status: 'queued' });
  expect(await place.open(crawler.id, runId)).toEqual({
    runId,
    crawlerName: crawler.name,
    resourceGroup: 'default',
    lanes: 4,
  });
  const run = await getRun(catalog.database, runId);
  expect(run).toMatchObject({
    number: queued?.number,
    status: 'running',
    startedAt: expect.any(Date),
    requestedBy: { id: place.personId, name: 'Admin' },
    config: { crawler: crawler.name, source: { id: crawler.dataSource.id }, resourceGroupId: 'default' },
  });
  expect(await openRunOf(catalog.database, crawler.id)).toMatchObject({ runId, status: 'running' });
});

test('queueing a run that its workflow opened already changes nothing', async () => {
  const crawler = await place.addCrawler();
  const { runId } = await place.open(crawler.id);
  const heading = await queueRun(catalog.database, { runId, crawlerId: crawler.id, trigger: 'manual' });
  expect(heading).toMatchObject({ runId, status: 'running' });
});

test('runs count up by one, whoever of the asker and the workflow writes the row first', async () => {
  const crawler = await place.addCrawler();
  const numbers: (number | undefined)[] = [];
  for (const opensFirst of [false, true, false, true]) {
    const runId = randomUUID();
    const queue = () => queueRun(catalog.database, { runId, crawlerId: crawler.id, trigger: 'manual' });
    if (!opensFirst) await queue();
    await place.open(crawler.id, runId);
    numbers.push((await queue())?.number);
    await closeRun(catalog.database, { runId, status: 'succeeded' });
  }
  const [first = 0] = numbers;
  expect(numbers).toEqual([first, first + 1, first + 2, first + 3]);
});

test('a second run is not queued beside an open one', async () => {
  const crawler = await place.addCrawler();
  await place.open(crawler.id);
  const second = { runId: randomUUID(), crawlerId: crawler.id, trigger: 'manual' as const };
  expect(await queueRun(catalog.database, second)).toBeUndefined();
});

test('a queued run whose workflow did not start is taken back, one that runs is not', async () => {
  const crawler = await place.addCrawler();
  const runId = randomUUID();
  await queueRun(catalog.database, { runId, crawlerId: crawler.id, trigger: 'manual' });
  await unqueueRun(catalog.database, runId);
  await expect(getRun(catalog.database, runId)).rejects.toThrow(NotFound);
  const running = await place.open(crawler.id);
  await unqueueRun(catalog.database, running.runId);
  expect((await getRun(catalog.database, running.runId)).status).toBe('running');
});

test('opening is repeatable, and goes on under the next execution of the workflow', async () => {
  const crawler = await place.addCrawler();
  const run = {
    runId: randomUUID(),
    crawlerId: crawler.id,
    trigger: 'manual' as const,
    workflowRunId: randomUUID(),
    workflowId: `crawl:${crawler.id}`,
  };
  const first = await openRun(catalog.database, run);
  const { startedAt } = await getRun(catalog.database, run.runId);
  expect(await openRun(catalog.database, run)).toEqual(first);
  const continued = randomUUID();
  await openRun(catalog.database, { ...run, workflowRunId: continued });
  expect(await getRun(catalog.database, run.runId)).toMatchObject({ startedAt, workflowRunId: continued });
});

test('two workflows that open the same crawler at once leave one open run', async () => {
  const crawler = await place.addCrawler();
  const ids = [randomUUID(), randomUUID()];
  await Promise.all(ids.map((id) => place.open(crawler.id, id)));
  const runs = await listRuns(catalog.database, {
    visible: 'everything',
    filters: { crawlerId: crawler.id },
    limit: 10,
  });
  expect(runs.items.map((run) => run.status).sort()).toEqual(['failed', 'running']);
});

test('a run cannot be opened of a crawler that is being deleted or never was', async () => {
  const crawler = await place.addCrawler();
  await markDeleting(catalog.database, crawler.id);
  await expect(place.open(crawler.id)).rejects.toThrow(CrawlerGone);
  await expect(place.open(randomUUID())).rejects.toMatchObject({ code: 'CRAWLER_GONE', permanent: true });
});

test('a run that was ended meanwhile cannot be opened again', async () => {
  const crawler = await place.addCrawler();
  const { runId } = await place.open(crawler.id);
  await closeRun(catalog.database, { runId, status: 'terminated' });
  await expect(place.open(crawler.id, runId)).rejects.toThrow(RunEnded);
});

test('a run nobody works for is closed by the next: failed, or terminated when it had been asked to stop', async () => {
  const crawler = await place.addCrawler();
  const first = await place.open(crawler.id);
  await planUnits(catalog.database, first.runId);
  await claimUnit(catalog.database, { runId: first.runId, unit: 1, attempt: 1, worker: 'w' });
  const second = await place.open(crawler.id);
  await markStopping(catalog.database, { crawlerId: crawler.id });
  const third = await place.open(crawler.id);
  expect(await getRun(catalog.database, first.runId)).toMatchObject({
    status: 'failed',
    endedAt: expect.any(Date),
    error: { code: 'RUN_ABANDONED', remedy: expect.any(String) },
    units: { total: 1, stopped: 1, collecting: 0 },
  });
  expect(await getRun(catalog.database, second.runId)).toMatchObject({
    status: 'terminated',
    error: { code: 'RUN_ABANDONED' },
  });
  expect((await getRun(catalog.database, third.runId)).status).toBe('running');
});

test('a queued run that another overtook is recorded as skipped', async () => {
  const crawler = await place.addCrawler();
  const runId = randomUUID();
  await queueRun(catalog.database, { runId, crawlerId: crawler.id, trigger: 'manual' });
  await place.open(crawler.id);
  expect(await getRun(catalog.database, runId)).toMatchObject({ status: 'skipped', error: { code: 'RUN_OVERTAKEN' } });
});

test('a tick that finds a run open is recorded once, and names that run', async () => {
  const crawler = await place.addCrawler();
  const open = await place.open(crawler.id);
  const runId = randomUUID();
  await recordSkippedRun(catalog.database, { crawlerId: crawler.id, runId });
  await recordSkippedRun(catalog.database, { crawlerId: crawler.id, runId });
  await recordSkippedRun(catalog.database, { crawlerId: randomUUID(), runId: randomUUID() });
  const { number } = await getRun(catalog.database, open.runId);
  const skipped = await getRun(catalog.database, runId);
  expect(skipped).toMatchObject({ status: 'skipped', trigger: 'schedule', startedAt: null, cuHours: 0 });
  expect(skipped.error?.message).toContain(`run ${number}`);
});

test('a run only moves forward', async () => {
  const crawler = await place.addCrawler();
  const { runId } = await place.open(crawler.id);
  const set = (status: string) =>
    query(catalog.database, 'UPDATE crawl_run SET status = :status WHERE id = :runId', { status, runId });
  await expect(set('queued')).rejects.toThrow(/cannot go from running to queued/);
  await set('stopping');
  await expect(set('running')).rejects.toThrow(/cannot go/);
  await set('stopped');
  await expect(set('succeeded')).rejects.toThrow(/cannot go/);
});

test('closing sums up the units, counts what is on the map, and writes the cost', async () => {
  await createGroup(catalog.database, { id: 'costly', capacityCu: 2, cuPerTask: 0.5 });
  const crawler = await place.addCrawler({ databases: ['a', 'b', 'c'], groupId: 'costly' });
  const { runId, lanes } = await place.open(crawler.id);
  expect(lanes).toBe(4);
  expect(await planUnits(catalog.database, runId)).toBe(3);
  const [a, , c] = crawler.scope;
  await putTables(catalog.database, a?.id ?? '', [
    { name: 't', columns: 3, partitions: 2 },
    { name: 'u', columns: 4 },
  ]);
  await putTables(catalog.database, c?.id ?? '', [{ name: 'of a unit that failed', columns: 9 }]);
  await setUnit(runId, 1, 'done', { tables: 2, added: 2, unchanged: 0 });
  await setUnit(runId, 2, 'partial', { tables: 5, changed: 1, removed: 2, restored: 1, unchanged: 3, held: 4 });
  await setUnit(runId, 3, 'failed');
  await recordProblems(catalog.database, runId, 2, [
    { schema: 's', name: 'v', code: 'BROKEN_VIEW', message: 'broken' },
  ]);
  await query(catalog.database, `UPDATE crawl_run SET started_at = now() - interval '2 hours' WHERE id = ?`, [runId]);
  const counts = {
    databases: 2,
    tables: 7,
    columns: 7,
    partitions: 2,
    added: 2,
    changed: 1,
    removed: 2,
    restored: 1,
    unchanged: 3,
    held: 4,
    problems: 1,
  };
  expect((await getRun(catalog.database, runId)).counts).toEqual(counts);
  const closed = await closeRun(catalog.database, { runId, status: 'partial' });
  expect(closed).toEqual({ runId, status: 'partial', counts });
  const run = await getRun(catalog.database, runId);
  expect(run).toMatchObject({
    status: 'partial',
    cu: 0.5,
    counts,
    units: { total: 3, done: 1, partial: 1, failed: 1 },
  });
  expect(run.cuHours).toBeCloseTo(1, 2);
});

test('a run keeps its first ending', async () => {
  const crawler = await place.addCrawler();
  const { runId } = await place.open(crawler.id);
  await closeRun(catalog.database, { runId, status: 'stopped' });
  const again = await closeRun(catalog.database, {
    runId,
    status: 'failed',
    error: { code: 'LATE', message: 'too late' },
  });
  expect(again.status).toBe('stopped');
  expect((await getRun(catalog.database, runId)).error).toBeNull();
  await expect(closeRun(catalog.database, { runId: randomUUID(), status: 'failed' })).rejects.toThrow(NotFound);
});

test('closing leaves no unit open and nothing staged', async () => {
  const crawler = await place.addCrawler({ databases: ['a', 'b'] });
  const { runId } = await place.open(crawler.id);
  await planUnits(catalog.database, runId);
  await claimUnit(catalog.database, { runId, unit: 1, attempt: 1, worker: 'w' });
  await query(
    catalog.database,
    `INSERT INTO staged_object (run_id, unit, page, op, kind, native_key) VALUES (?, 1, 1, 'upsert', 'table', 'k')`,
    [runId],
  );
  await closeRun(catalog.database, {
    runId,
    status: 'failed',
    error: { code: 'SOURCE_ERROR', message: 'postgres://u:hunter22@h/d was refused', remedy: 'password=hunter22' },
  });
  const run = await getRun(catalog.database, runId);
  expect(run.units).toMatchObject({ total: 2, stopped: 2 });
  expect(JSON.stringify(run.error)).not.toContain('hunter22');
  expect(await query(catalog.database, 'SELECT 1 FROM staged_object WHERE run_id = ?', [runId])).toEqual([]);
});

test('a stop is recorded with who asked first, and ends nothing by itself', async () => {
  const crawler = await place.addCrawler();
  expect(await markStopping(catalog.database, { crawlerId: crawler.id })).toBeUndefined();
  const { runId } = await place.open(crawler.id);
  const request = { crawlerId: crawler.id, requestedBy: place.personId };
  expect(await markStopping(catalog.database, request)).toEqual({ runId });
  const { stopRequestedAt } = await getRun(catalog.database, runId);
  expect(await markStopping(catalog.database, { crawlerId: crawler.id })).toEqual({ runId });
  expect(await getRun(catalog.database, runId)).toMatchObject({ status: 'stopping', stopRequestedAt, endedAt: null });
});
