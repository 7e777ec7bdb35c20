import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { Client } from '@temporalio/client';
import { DefaultLogger, type NativeConnection, Runtime } from '@temporalio/worker';
import pg from 'pg';
import pino from 'pino';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { queueRun } from '../../catalog/runs/queue-run.js';
import { getRun } from '../../catalog/runs/read-runs.js';
import { readRunLog } from '../../catalog/runs/run-log.js';
import { throttleRun } from '../../catalog/runs/throttle-run.js';
import { loadConnector } from '../../connectors/registry.js';
import type { Database } from '../../db/database.js';
import type { Orchestrator } from '../../orchestrator/port.js';
import { createOrchestrator } from '../../orchestrator/temporal-orchestrator.js';
import { createSearchIndex } from '../../search/create-index.js';
import { type RunningWorker, startWorker } from '../../worker/start-worker.js';
import { crawlId } from '../../workflows/contract.js';
import { emptyDatabase, testDatabase } from '../servers/test-database.js';
import { freshNamespace } from './fresh-namespace.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const log = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' });
const DATABASES = 6;

let database: Database;
let connection: NativeConnection;
let client: Client;
let orchestrator: Orchestrator;
let names: string[];
let admin: pg.Client;
/** What the workers take for the time; the machine's clock while it is undefined. */
let now: Date | undefined;
let worker: RunningWorker;
/** A process of its own. */
let startSecondWorker: () => ChildProcess;
const cleanup: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const catalog = await testDatabase();
  database = catalog.database;
  const sources = await Promise.all(Array.from({ length: DATABASES }, () => emptyDatabase(inject('postgres'))));
  names = sources.map(({ name }) => name).sort();
  const watch = await emptyDatabase(inject('postgres'));
  admin = new pg.Client(watch.url);
  await admin.connect();
  await admin.query('CREATE EXTENSION pg_stat_statements');
  const fresh = await freshNamespace();
  connection = fresh.connection;
  client = new Client({ connection, namespace: fresh.namespace });
  orchestrator = createOrchestrator({ connection: { address: inject('temporal') }, namespace: fresh.namespace });
  await database.raw(
    `INSERT INTO resource_group (id, name, capacity_cu, cu_per_task) VALUES ('default', 'Default', 8, 1)
     ON CONFLICT (id) DO UPDATE SET capacity_cu = 8, cu_per_task = 1`,
  );
  worker = await startWorker({
    connection,
    namespace: fresh.namespace,
    context: {
      database,
      loadConnector,
      secretKey: Buffer.alloc(32),
      searchIndex: createSearchIndex({ database }),
      log,
      worker: { id: 'w-1', host: 'here', addresses: [] },
      now: () => now ?? new Date(),
    },
    roles: { control: true, groups: true },
    resourceGroups: undefined,
    log,
    workflows: { workflowBundle: { codePath: inject('workflowBundle') } },
    intervals: { poll: 200, beat: 200 },
  });
  await vi.waitFor(() => expect(worker.health().workers).toHaveLength(2), { timeout: 15_000 });
  startSecondWorker = () =>
    spawn(process.execPath, ['--import', 'tsx', resolve('worker/main.ts')], {
      stdio: 'ignore',
      env: {
        ...process.env,
        DATABASE_URL: catalog.url,
        DATAMAP_SECRET_KEY: Buffer.alloc(32).toString('hex'),
        TEMPORAL_ADDRESS: inject('temporal'),
        TEMPORAL_NAMESPACE: fresh.namespace,
        DATAMAP_WORKER_ROLES: 'groups',
        NODE_ENV: 'production',
      },
    });
  cleanup.push(
    () => worker.stop(),
    () => orchestrator.close(),
    () => connection.close(),
    () => admin.end(),
    ...[watch, ...sources, catalog].map(({ drop }) => drop),
  );
});
afterAll(async () => {
  for (const step of cleanup) await step();
});

/** A crawler of so many of the databases, under the limits. */
async function crawler(limits: object, databases = DATABASES) {
  const url = new URL(inject('postgres'));
  const instance = `${url.host}-${randomUUID()}`;
  const one = async (sql: string, bindings: string[]): Promise<string> =>
    (await database.raw(`${sql} RETURNING id`, bindings)).rows[0].id;
  const workspaceId = await one('INSERT INTO workspace (name) VALUES (?)', [randomUUID()]);
  const config = {
    host: url.hostname,
    port: Number(url.port),
    user: decodeURIComponent(url.username),
    database: names[0],
    tls: 'off',
  };
  const sourceId = await one(
    `INSERT INTO data_source (workspace_id, name, type, instance, environment, config, limits)
     VALUES (?, 'shops', 'postgresql', ?, 'production', ?, ?)`,
    [workspaceId, instance, JSON.stringify(config), JSON.stringify(limits)],
  );
  const crawlerId = await one(
    `INSERT INTO crawler (workspace_id, data_source_id, resource_group_id, name) VALUES (?, ?, 'default', 'shops')`,
    [workspaceId, sourceId],
  );
  for (const name of names.slice(0, databases))
    await one(
      `INSERT INTO collected_database (crawler_id, data_source_id, workspace_id, source_type, instance, name)
       VALUES (?, ?, ?, 'postgresql', ?, ?)`,
      [crawlerId, sourceId, workspaceId, instance, name],
    );
  const handle = client.workflow.getHandle(crawlId(crawlerId));
  return {
    crawlerId,
    sourceId,
    result: () => handle.result(),
    pending: async () => (await handle.describe()).raw.pendingActivities ?? [],
    start: async (how: { trigger: 'manual' | 'schedule' } = { trigger: 'manual' }) => {
      const runId = randomUUID();
      const run = { runId, crawlerId, ...how };
      if (how.trigger === 'manual') await queueRun(database, run);
      await orchestrator.startCrawl({ ...run, crawlerName: 'shops', resourceGroup: 'default' });
      return runId;
    },
  };
}

/** Of the source, by its own clock: sessions of ours, and statements of ours until now. */
async function sample(): Promise<{ at: number; sessions: number; statements: number }> {
  const { rows } = await admin.query(
    `SELECT extract(epoch FROM clock_timestamp())::float8 AS at,
            (SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'datamap' AND datname = ANY ($1)) AS sessions,
            (SELECT coalesce(sum(calls), 0)::int
               FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = ANY ($1)) AS statements`,
    [names],
  );
  return rows[0];
}

/** Samples until the run has ended. */
async function watch(runId: string): Promise<Awaited<ReturnType<typeof sample>>[]> {
  const samples = [await sample()];
  while ((await getRun(database, runId)).endedAt === null) samples.push(await sample());
  return samples;
}

test('two workers never have more sessions at a source than its cap, nor send more queries than its rate', async () => {
  const rate = 15;
  const { start, result } = await crawler({ maxConnections: 2, queriesPerSecond: rate });
  const second = startSecondWorker();
  let samples: Awaited<ReturnType<typeof watch>>;
  const before = await sample();
  let runId: string;
  try {
    await vi.waitFor(
      async () =>
        expect(
          (await database.raw(`SELECT 1 FROM worker_process WHERE resource_group_id = 'default'`)).rows,
        ).toHaveLength(2),
      { timeout: 30_000 },
    );
    runId = await start();
    samples = await watch(runId);
  } finally {
    second.kill('SIGKILL');
  }
  const { rows: took } = await database.raw('SELECT DISTINCT worker FROM crawl_unit WHERE run_id = ?', [runId]);
  expect(took).toHaveLength(2);
  expect(await result()).toMatchObject({ status: 'succeeded', counts: { databases: DATABASES } });
  expect(Math.max(...samples.map(({ sessions }) => sessions))).toBe(2);
  const last = samples.at(-1);
  expect((last?.statements ?? 0) - before.statements).toBeGreaterThan(3 * DATABASES);
  // Between any two samples, with one statement that had its turn before the first and was counted after.
  for (const [index, from] of samples.entries())
    for (const to of samples.slice(index))
      expect(to.statements - from.statements).toBeLessThanOrEqual((to.at - from.at) * rate + 3);
}, 60_000);

test('a unit that finds no free connection waits without a slot, and says for what', async () => {
  const { start, result, pending, sourceId, crawlerId } = await crawler({ maxConnections: 1 }, 1);
  const { rows } = await database.raw(
    `INSERT INTO source_lease (source_type, instance, data_source_id, worker, expires_at)
     SELECT type, instance, id, 'w-gone', clock_timestamp() + interval '1 hour' FROM data_source WHERE id = ? RETURNING id`,
    [sourceId],
  );
  const runId = await start();
  await vi.waitFor(
    async () => {
      const [step] = await orchestrator.waitingSteps(crawlerId);
      expect(step).toMatchObject({ nextAttemptAt: expect.any(Date), failure: { code: 'SOURCE_BUSY' } });
      expect((await pending()).map(({ state }) => state)).not.toContain(2);
    },
    { timeout: 10_000 },
  );
  // As when the worker that held it was killed.
  await database.raw('UPDATE source_lease SET expires_at = clock_timestamp() WHERE id = ?', [rows[0].id]);
  expect(await result()).toMatchObject({ status: 'succeeded' });
  expect((await database.raw('SELECT 1 FROM source_lease WHERE run_id = ?', [runId])).rows).toEqual([]);
}, 40_000);

test('a cycle that is due in quiet hours is a skipped run with the reason', async () => {
  const { start, result } = await crawler({ quietHours: { from: '01:00', to: '05:00', timeZone: 'UTC' } });
  now = new Date('2026-01-15T02:00:00Z');
  try {
    const runId = await start({ trigger: 'schedule' });
    expect(await result()).toMatchObject({ status: 'skipped' });
    expect(await getRun(database, runId)).toMatchObject({
      status: 'skipped',
      trigger: 'schedule',
      error: { code: 'QUIET_HOURS', message: expect.stringContaining('2026-01-15T05:00:00.000Z') },
    });
  } finally {
    now = undefined;
  }
});

test('a run that quiet hours find in flight rests until they end or somebody resumes it', async () => {
  const { start, result, pending, crawlerId } = await crawler({
    quietHours: { from: '01:00', to: '05:00', timeZone: 'UTC' },
  });
  now = new Date('2126-01-15T02:00:00Z');
  try {
    const runId = await start();
    await vi.waitFor(
      async () => {
        const { lines } = await readRunLog(database, runId, { limit: 10, step: 'quiet hours' });
        expect(lines.map(({ message }) => message)).toEqual([
          'The run waits: the source is in its quiet hours until 2126-01-15T05:00:00.000Z',
        ]);
        expect(await pending()).toEqual([]);
      },
      { timeout: 10_000 },
    );
    now = new Date('2126-01-15T05:00:00Z');
    await orchestrator.wakeCrawl(crawlerId, 'resumed');
    expect(await result()).toMatchObject({ status: 'succeeded', counts: { databases: DATABASES } });
  } finally {
    now = undefined;
  }
}, 30_000);

test('a run in flight that is held to one database at once reads one, and goes on when that is lifted', async () => {
  const { start, result } = await crawler({ queriesPerSecond: 20 });
  const runId = await start();
  await vi.waitFor(async () => expect((await getRun(database, runId)).status).toBe('running'), { timeout: 10_000 });
  expect(await throttleRun(database, runId, { lanes: 1 }, { name: 'An operator' })).toEqual({ lanes: 1 });
  await vi.waitFor(
    async () => {
      const { lines } = await readRunLog(database, runId, { limit: 200, step: 'collect', text: 'RUN_THROTTLED' });
      expect(lines.length).toBeGreaterThan(0);
      expect((await sample()).sessions).toBeLessThanOrEqual(1);
    },
    { timeout: 20_000 },
  );
  expect(await throttleRun(database, runId, { lanes: null, queriesPerSecond: 1_000 }, { name: 'An operator' })).toEqual(
    {
      queriesPerSecond: 1_000,
    },
  );
  expect(await result()).toMatchObject({ status: 'succeeded', counts: { databases: DATABASES } });
  const run = await getRun(database, runId);
  expect(run.throttle).toEqual({ queriesPerSecond: 1_000 });
  const { lines } = await readRunLog(database, runId, { limit: 10, step: 'throttle' });
  expect(lines.map(({ message }) => message)).toEqual([
    'An operator holds the run to one database at once',
    'An operator holds the run to 1000 queries a second',
  ]);
}, 60_000);
