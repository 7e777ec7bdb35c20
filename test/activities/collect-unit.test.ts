import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCollectUnit } from '../../activities/collect-unit.js';
import { createPublishUnit } from '../../activities/publish-unit.js';
import { ConnectorError } from '../../connectors/contract.js';
import { type CrawledCatalog, crawledCatalog, tablesOf } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

test('a unit tells in the run log whom it read as, what it found and what it did', async () => {
  const map = await crawledCatalog(catalog.database, new SyntheticSource(1_500));
  const { runId } = await map.crawl();
  const lines = await map.rows<{ step: string; message: string; unit: number }>(
    `SELECT step, message, unit FROM run_log WHERE run_id = ? ORDER BY seq`,
    [runId],
  );
  expect(lines.map(({ step, message }) => `${step}: ${message.replace(/\d+ ms/, 'N ms')}`)).toEqual([
    'collect: Attempt 1 on worker worker-1',
    'connect: Connected to shop as collector on server server-1, version 18.1',
    'list: Listed 1500 tables in N ms',
    'read: Read 1000 tables, 1000 of them changed',
    'read: Read 500 tables, 500 of them changed',
    'read: Collected 1500 tables in 4 queries',
    'publish: Attempt 1 on worker worker-1',
    'publish: Published 1500 tables: 1500 added',
  ]);
  expect(lines.every(({ unit }) => unit === 1)).toBe(true);
});

test('what travels through the engine is ids and counts, whatever the number of tables', async () => {
  const map = await crawledCatalog(catalog.database, new SyntheticSource(3_000));
  const ref = await map.openRun();
  const heartbeats: unknown[] = [];
  const environment = new MockActivityEnvironment();
  environment.on('heartbeat', (details: unknown) => heartbeats.push(details));
  const collected = await environment.run(createCollectUnit(map.context), ref);
  const publishing = new MockActivityEnvironment();
  publishing.on('heartbeat', (details: unknown) => heartbeats.push(details));
  const published = await publishing.run(createPublishUnit(map.context), ref);
  expect(heartbeats.length).toBeGreaterThan(1);
  for (const payload of [ref, collected, published, ...heartbeats]) {
    expect((JSON.stringify(payload) ?? '').length).toBeLessThan(1_000);
  }
});

test('while a page is being staged the next one is digested and the one after that read', async () => {
  const source = new SyntheticSource(4_000);
  const map = await crawledCatalog(catalog.database, source);
  const ref = await map.openRun();
  let askThird: () => void = () => undefined;
  const thirdPage = new Promise<void>((resolve) => {
    askThird = resolve;
  });
  const holding = await catalog.database.transaction();
  source.faults = {
    beforePage: async (pagesBefore) => {
      // From here on the unit's row is held: no page can be staged before it is let go.
      if (pagesBefore === 0) await holding.raw(`SELECT 1 FROM crawl_unit WHERE run_id = ? FOR UPDATE`, [ref.runId]);
      if (pagesBefore === 2) askThird();
    },
  };
  const collecting = map.collect(ref);
  await Promise.race([thirdPage, collecting]).finally(() => holding.commit());
  expect(await collecting).toMatchObject({ tables: 4_000, changed: 4_000 });
});

test('a Stop between pages leaves as cancelled, and neither the unit nor the map is given an ending', async () => {
  const source = new SyntheticSource(5_000);
  const map = await crawledCatalog(catalog.database, source);
  const ref = await map.openRun();
  const environment = new MockActivityEnvironment();
  source.faults = { beforePage: (page) => (page === 2 ? environment.cancel('CANCELLED') : undefined) };
  await expect(environment.run(createCollectUnit(map.context), ref)).rejects.toBeInstanceOf(CancelledFailure);
  const [unit] = await map.rows(`SELECT status, receipt, pages_staged FROM crawl_unit WHERE run_id = ?`, [ref.runId]);
  expect(unit).toMatchObject({ status: 'collecting', receipt: null });
  expect((await tablesOf(map)).size).toBe(0);
});

test('a Stop while publishing leaves whole pages behind, and the rest can be published later', async () => {
  const source = new SyntheticSource(4_000);
  const map = await crawledCatalog(catalog.database, source);
  await map.crawl();
  for (let index = 0; index < 4_000; index += 1) source.edit(SyntheticSource.keyOf(index), { comment: 'another one' });
  const ref = await map.openRun();
  await map.collect(ref);
  const environment = new MockActivityEnvironment();
  environment.on('heartbeat', (details: { rowsMerged?: number } | undefined) => {
    if (details?.rowsMerged !== undefined) environment.cancel('CANCELLED');
  });
  const publishing = environment.run(createPublishUnit(map.context), ref);
  await publishing.catch((error) => expect(error).toBeInstanceOf(CancelledFailure));
  const changed = [...(await tablesOf(map)).values()].filter(({ version }) => version === 2).length;
  expect(changed % 1_000).toBe(0);
  expect(await map.publish(ref)).toMatchObject({ changed: 4_000 });
});

test.each([
  ['CONNECTION_LOST', false],
  ['PERMISSION_DENIED', true],
] as const)(
  'a %s of the source reaches the engine with its code and remedy, and stands in the log',
  async (code, permanent) => {
    const source = new SyntheticSource(10);
    const map = await crawledCatalog(catalog.database, source);
    source.faults = { failAfterPages: 0, error: new ConnectorError(code, 'what happened', 'what to do') };
    const ref = await map.openRun();
    await expect(map.collect(ref)).rejects.toMatchObject({
      type: code,
      nonRetryable: permanent,
      message: 'what happened',
      details: [{ remedy: 'what to do' }],
    });
    const [line] = await map.rows(`SELECT message, fields FROM run_log WHERE run_id = ? AND level = 'error'`, [
      ref.runId,
    ]);
    expect(line).toMatchObject({ message: 'what happened', fields: { code, remedy: 'what to do' } });
  },
);

test('an error that was not foreseen tells the engine nothing of itself', async () => {
  const source = new SyntheticSource(10);
  const map = await crawledCatalog(catalog.database, source);
  source.faults = { failAfterPages: 0, error: new Error('connect postgres://collector:hunter2@db.example/shop') };
  const failure = await map.collect(await map.openRun()).catch((error: unknown) => error);
  expect(failure).toMatchObject({ type: 'INTERNAL', nonRetryable: false });
  expect(JSON.stringify(failure)).not.toContain('hunter2');
});

test('a defect of our own is tried five times and then told as one, so that it keeps no run open', async () => {
  const source = new SyntheticSource(10);
  const map = await crawledCatalog(catalog.database, source);
  source.faults = { failAfterPages: 0, error: new TypeError('x is undefined') };
  const ref = await map.openRun();
  await expect(map.collect(ref, 4)).rejects.toMatchObject({ type: 'INTERNAL', nonRetryable: false });
  await expect(map.collect(ref, 5)).rejects.toMatchObject({ type: 'INTERNAL', nonRetryable: true });
});

/** The lines of a run about its attempts at collecting. */
const attemptsToldOf = (map: CrawledCatalog, runId: string) =>
  map.rows<{ level: string; message: string; fields: Record<string, unknown> }>(
    `SELECT level, message, fields FROM run_log WHERE run_id = ? AND step = 'collect' ORDER BY seq`,
    [runId],
  );

test('each attempt is told with its worker, the cause of its end and when the next begins', async () => {
  const source = new SyntheticSource(10);
  const map = await crawledCatalog(catalog.database, source);
  source.faults = { failAfterPages: 0, error: new ConnectorError('CONNECTION_LOST', 'it hung up', 'Look at its log.') };
  const ref = await map.openRun();
  const tryAs = (id: string, attempt: number) =>
    new MockActivityEnvironment({
      attempt,
      retryPolicy: { initialInterval: 10_000, backoffCoefficient: 2, maximumInterval: 300_000 },
      scheduledTimestampMs: Date.now(),
      scheduleToCloseTimeoutMs: 86_400_000,
    }).run(createCollectUnit({ ...map.context, worker: { ...map.context.worker, id } }), ref);
  await expect(tryAs('w-1', 1)).rejects.toThrow('it hung up');
  await expect(tryAs('w-2', 2)).rejects.toThrow('it hung up');
  source.faults = {};
  await tryAs('w-1', 3);
  const lines = await attemptsToldOf(map, ref.runId);
  expect(lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
    'info: Attempt 1 on worker w-1',
    'warn: it hung up; attempt 2 in 10 s',
    'info: Attempt 2 on worker w-2, after CONNECTION_LOST on worker w-1',
    'warn: it hung up; attempt 3 in 20 s',
    'info: Attempt 3 on worker w-1, after CONNECTION_LOST on worker w-2',
  ]);
  expect(lines[1]?.fields).toEqual({
    code: 'CONNECTION_LOST',
    remedy: 'Look at its log.',
    attempt: 1,
    worker: 'w-1',
    nextAttemptAt: expect.stringMatching(/^\d{4}-.*Z$/),
  });
});

test('an attempt whose worker went silent is told of by the next, and one that a deploy ends by itself', async () => {
  const source = new SyntheticSource(3_000);
  const map = await crawledCatalog(catalog.database, source);
  const ref = await map.openRun();
  let goOn: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  source.faults = { beforePage: () => held };
  const silent = new MockActivityEnvironment();
  const lost = silent.run(createCollectUnit(map.context), ref).catch((error: unknown) => error);
  await expect.poll(() => attemptsToldOf(map, ref.runId)).toHaveLength(1);

  const deployed = new MockActivityEnvironment({ attempt: 2 });
  source.faults = { beforePage: (page) => (page === 2 ? deployed.cancel('WORKER_SHUTDOWN') : undefined) };
  const next = { ...map.context, worker: { ...map.context.worker, id: 'worker-2' } };
  await expect(deployed.run(createCollectUnit(next), ref)).rejects.toBeInstanceOf(CancelledFailure);
  source.faults = {};
  await map.collect(ref, 3);
  expect((await attemptsToldOf(map, ref.runId)).map(({ level, message }) => `${level}: ${message}`)).toEqual([
    'info: Attempt 1 on worker worker-1',
    'warn: Attempt 2 on worker worker-2: worker worker-1 went silent during attempt 1',
    'warn: Attempt 2 ends: the worker shuts down, and another attempt goes on from here',
    'info: Attempt 3 on worker worker-1, after WORKER_SHUTDOWN on worker worker-2',
  ]);
  silent.cancel('NOT_FOUND');
  goOn();
  expect(await lost).toBeInstanceOf(CancelledFailure);
});
