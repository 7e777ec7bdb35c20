import { randomUUID } from 'node:crypto';
import { Client, ScheduleNotFoundError } from '@temporalio/client';
import { temporal as proto } from '@temporalio/proto';
import { DefaultLogger, type NativeConnection, Runtime } from '@temporalio/worker';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { markDeleting } from '../../catalog/crawlers/write-crawlers.js';
import { pauseRun, resumeRun } from '../../catalog/runs/pause-run.js';
import { queueRun } from '../../catalog/runs/queue-run.js';
import { getRun } from '../../catalog/runs/read-runs.js';
import { readRunLog } from '../../catalog/runs/run-log.js';
import { markStopping } from '../../catalog/runs/stop-run.js';
import { type Connector, ConnectorError } from '../../connectors/contract.js';
import type { Database } from '../../db/database.js';
import type { Orchestrator } from '../../orchestrator/port.js';
import { createOrchestrator } from '../../orchestrator/temporal-orchestrator.js';
import { createSearchIndex } from '../../search/create-index.js';
import { type RunningWorker, startWorker } from '../../worker/start-worker.js';
import { crawlId, scheduleId } from '../../workflows/contract.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';
import { freshNamespace } from './fresh-namespace.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const log = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' });

let database: Database;
let drop: () => Promise<void>;
let connection: NativeConnection;
let namespace: string;
let client: Client;
let orchestrator: Orchestrator;
let worker: RunningWorker;
/** What the worker's connector does; each test sets its own. */
let connector: Connector;

beforeAll(async () => {
  ({ database, drop } = await testDatabase());
  ({ namespace, connection } = await freshNamespace());
  client = new Client({ connection, namespace });
  orchestrator = createOrchestrator({ connection: { address: inject('temporal') }, namespace });
  await database.raw(`INSERT INTO resource_group (id, name) VALUES ('default', 'Default') ON CONFLICT DO NOTHING`);
  worker = await startWorker({
    connection,
    namespace,
    context: {
      database,
      loadConnector: async () => connector,
      secretKey: Buffer.alloc(32),
      searchIndex: createSearchIndex({ database }),
      log,
      worker: { id: 'w-1', host: 'here', addresses: ['192.0.2.7'] },
    },
    roles: { control: true, groups: true },
    resourceGroups: undefined,
    log,
    workflows: { workflowBundle: { codePath: inject('workflowBundle') } },
    intervals: { poll: 200, beat: 200 },
  });
  await vi.waitFor(() => expect(worker.health().workers).toHaveLength(2), { timeout: 15_000 });
});
afterAll(async () => {
  await worker.stop();
  await orchestrator.close();
  await connection.close();
  await drop();
});

/** A crawler on a source of so many tables, and what starts and awaits its runs. */
async function crawler(
  tables: number,
): Promise<CrawledCatalog & { source: SyntheticSource; start(): Promise<string>; result(): Promise<unknown> }> {
  const source = new SyntheticSource(tables);
  const catalog = await crawledCatalog(database, source);
  connector = source.connector();
  return {
    ...catalog,
    source,
    start: async () => {
      const runId = randomUUID();
      await queueRun(database, { runId, crawlerId: catalog.crawlerId, trigger: 'manual' });
      const answer = await orchestrator.startCrawl({
        crawlerId: catalog.crawlerId,
        crawlerName: 'shop',
        resourceGroup: 'default',
        runId,
        trigger: 'manual',
      });
      expect(answer).toEqual({ started: true });
      return runId;
    },
    result: () => client.workflow.getHandle(crawlId(catalog.crawlerId)).result(),
  };
}

/** How the log of a run ends. */
const lastLine = async (runId: string) =>
  (await readRunLog(database, runId, { limit: 1, direction: 'backward' })).lines.at(-1);

describe('a run with its real steps', () => {
  it('puts a database on the map and into search, within 60 events and 64 KB', async () => {
    const { start, result, crawlerId, rows } = await crawler(2_500);
    const runId = await start();
    expect(await result()).toMatchObject({ runId, status: 'succeeded', counts: { tables: 2_500, added: 2_500 } });
    const run = await getRun(database, runId);
    expect(run).toMatchObject({
      status: 'succeeded',
      counts: { databases: 1, tables: 2_500 },
      resourceGroupId: 'default',
    });
    expect(run.searchableAt).not.toBeNull();
    expect(await rows('SELECT 1 FROM search_outbox WHERE crawler_id = ?', [crawlerId])).toHaveLength(0);
    const history = await client.workflow.getHandle(crawlId(crawlerId)).fetchHistory();
    const bytes = proto.api.history.v1.History.encode(history).finish().length;
    console.info(`2,500 tables: ${history.events?.length} events, ${bytes} bytes of history`);
    expect(history.events?.length).toBeLessThanOrEqual(60);
    expect(bytes).toBeLessThanOrEqual(64 * 1024);
    const steps = await rows<{ step: string }>('SELECT DISTINCT step FROM run_log WHERE run_id = ?', [runId]);
    expect(steps.map(({ step }) => step)).toEqual(expect.arrayContaining(['open', 'connect', 'list', 'publish']));
    expect(await lastLine(runId)).toMatchObject({ level: 'info', step: 'close' });
  });

  it('fails the unit of a database that the source no longer lists, and removes nothing of it', async () => {
    const { start, result, crawlerId, workspaceId, rows, source } = await crawler(20);
    await rows(
      `INSERT INTO collected_database (crawler_id, data_source_id, workspace_id, source_type, instance, name)
       SELECT crawler_id, data_source_id, workspace_id, source_type, instance, 'sales'
         FROM collected_database WHERE crawler_id = ?`,
      [crawlerId],
    );
    const both: Connector = {
      ...source.connector(),
      listDatabases: async () => [{ name: 'shop' }, { name: 'sales' }],
    };
    connector = both;
    await start();
    expect(await result()).toMatchObject({ status: 'succeeded', counts: { tables: 40, databases: 2 } });

    connector = { ...both, listDatabases: async () => [{ name: 'shop' }] };
    const runId = await start();
    expect(await result()).toMatchObject({ status: 'partial', counts: { removed: 0 } });
    const units = await rows<{ database_name: string; status: string; error: { code: string } }>(
      'SELECT database_name, status, error FROM crawl_unit WHERE run_id = ? ORDER BY unit',
      [runId],
    );
    expect(units).toMatchObject([
      { database_name: 'sales', status: 'failed', error: { code: 'UNKNOWN_DATABASE' } },
      { database_name: 'shop', status: 'done' },
    ]);
    const [living] = await rows<{ count: string }>(
      `SELECT count(*) FROM entity e JOIN collected_database d ON d.id = e.collected_database_id
        WHERE d.crawler_id = ? AND d.name = 'sales' AND e.kind = 'table' AND e.removed_at IS NULL`,
      [crawlerId],
    );
    expect(Number(living?.count)).toBe(20);
    expect(workspaceId).not.toBe('');

    connector = {
      ...both,
      listDatabases: async () => [
        { name: 'shop', unavailable: 'grant CONNECT to datamap' },
        { name: 'sales', unavailable: 'grant CONNECT to datamap' },
      ],
    };
    const refused = await start();
    await expect(result()).rejects.toThrow();
    expect((await getRun(database, refused)).error?.message).toBe(
      '2 of 2 databases failed. sales: The database sales cannot be opened: grant CONNECT to datamap; ' +
        'shop: The database shop cannot be opened: grant CONNECT to datamap',
    );
  });

  it('retries the databases that failed and no others, and tells the next attempt and its cause meanwhile', {
    timeout: 60_000,
  }, async () => {
    const { result, crawlerId, rows, source } = await crawler(20);
    await rows(
      `INSERT INTO collected_database (crawler_id, data_source_id, workspace_id, source_type, instance, name)
       SELECT crawler_id, data_source_id, workspace_id, source_type, instance, 'sales'
         FROM collected_database WHERE crawler_id = ?`,
      [crawlerId],
    );
    const opened: string[] = [];
    const failing = (error: ConnectorError | undefined): Connector => ({
      ...source.connector(),
      listDatabases: async () => [{ name: 'shop' }, { name: 'sales' }],
      openDatabase: (to, name, options) => {
        opened.push(name);
        if (name === 'sales' && error !== undefined) throw error;
        return source.connector().openDatabase(to, name, options);
      },
    });
    const start = async (how: { trigger: 'manual' } | { trigger: 'retry'; ofRunId: string }) => {
      const runId = randomUUID();
      await orchestrator.startCrawl({ crawlerId, crawlerName: 'shop', resourceGroup: 'default', runId, ...how });
      return runId;
    };
    connector = failing(new ConnectorError('PERMISSION_DENIED', 'sales is closed to us', 'Grant CONNECT.'));
    const first = await start({ trigger: 'manual' });
    expect(await result()).toMatchObject({ status: 'partial' });

    opened.length = 0;
    const hungUp = new ConnectorError('CONNECTION_LOST', 'db.example hung up', 'Look at its log.');
    let listings = 0;
    connector = {
      ...failing(hungUp),
      listDatabases: async () => {
        listings += 1;
        if (listings === 1) throw hungUp;
        return [{ name: 'shop' }, { name: 'sales' }];
      },
    };
    const retry = await start({ trigger: 'retry', ofRunId: first });
    await vi.waitFor(
      async () =>
        expect(await orchestrator.waitingSteps(crawlerId)).toMatchObject([
          {
            step: 'collectUnit',
            attempt: 2,
            nextAttemptAt: expect.any(Date),
            failure: { code: 'CONNECTION_LOST', message: 'db.example hung up', remedy: 'Look at its log.', unit: 1 },
          },
        ]),
      { timeout: 20_000 },
    );
    connector = failing(undefined);
    expect(await result()).toMatchObject({ status: 'succeeded', counts: { databases: 1, tables: 20 } });
    expect(await getRun(database, retry)).toMatchObject({
      trigger: 'retry',
      ofRun: { id: first },
      units: { total: 1 },
    });
    expect(new Set(opened)).toEqual(new Set(['sales']));
    expect(await orchestrator.waitingSteps(crawlerId)).toEqual([]);
    // Of the listing and of the collecting: an attempt, its end with the time of the next, and that next at its time.
    for (const [step, seconds] of [
      ['list', 5],
      ['collect', 10],
    ] as const) {
      const { lines } = await readRunLog(database, retry, { limit: 100, step });
      const [begins, ends, again] = lines;
      expect([begins, ends, again].map((line) => line?.message)).toEqual([
        'Attempt 1 on worker w-1',
        `db.example hung up; attempt 2 in ${seconds} s`,
        'Attempt 2 on worker w-1, after CONNECTION_LOST on worker w-1',
      ]);
      const told = Date.parse(String(ends?.fields['nextAttemptAt']));
      expect(Math.abs(told - (again?.at.getTime() ?? 0))).toBeLessThan(2_000);
    }
  });

  it('leaves the map as it is when the source refuses the account, and says why', async () => {
    const { start, result, crawlerId, rows, source } = await crawler(20);
    await start();
    await result();
    connector = {
      ...source.connector(),
      listDatabases: async () => {
        throw new ConnectorError('BAD_CREDENTIALS', 'db.example refused the password', 'Correct the password.');
      },
    };
    const runId = await start();
    const error = await result().catch((reason: unknown) => reason);
    expect((error as { cause: Error }).cause.message).toBe(
      'Collecting shop failed while listing the databases in scope: db.example refused the password. Correct the password.',
    );
    expect(await getRun(database, runId)).toMatchObject({ status: 'failed', error: { code: 'BAD_CREDENTIALS' } });
    expect(await lastLine(runId)).toMatchObject({
      level: 'error',
      step: 'close',
      message: 'The run has failed: db.example refused the password',
    });
    const [living] = await rows<{ count: string }>(
      `SELECT count(*) FROM entity e JOIN collected_database d ON d.id = e.collected_database_id
        WHERE d.crawler_id = ? AND e.kind = 'table' AND e.removed_at IS NULL`,
      [crawlerId],
    );
    expect(Number(living?.count)).toBe(20);
  });

  it('rests after the page in work when it is paused, frees its slot, and goes on where it was', async () => {
    const { start, result, source, crawlerId } = await crawler(5_000);
    let reading: (page: number) => void = () => undefined;
    let goOn: () => void = () => undefined;
    const began = new Promise<number>((resolve) => {
      reading = resolve;
    });
    const released = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    source.faults.beforePage = async (page) => {
      if (page !== 2) return;
      reading(page);
      await released;
    };
    const runId = await start();
    await began;
    expect(await pauseRun(database, runId, { personId: null, name: 'An operator', note: 'backups' })).toBe(true);
    expect(await orchestrator.wakeCrawl(crawlerId, 'paused')).toBe(true);
    goOn();
    const handle = client.workflow.getHandle(crawlId(crawlerId));
    await vi.waitFor(
      async () => {
        expect((await getRun(database, runId)).pause).toMatchObject({ note: 'backups' });
        // Nothing of it is with a worker, and it waits for nothing but a signal.
        expect((await handle.describe()).raw.pendingActivities ?? []).toEqual([]);
        expect(await lastLine(runId)).toMatchObject({ step: 'pause', message: 'Reading rests: the run is paused' });
      },
      { timeout: 10_000, interval: 100 },
    );
    const pagesBefore = source.pagesRead.length;
    expect(pagesBefore).toBeLessThan(5);
    expect(await resumeRun(database, runId, { name: 'An operator' })).toBe(true);
    expect(await orchestrator.wakeCrawl(crawlerId, 'resumed')).toBe(true);
    expect(await result()).toMatchObject({ status: 'succeeded', counts: { added: 5_000 } });
    // The page that was read and the one that was asked for while the pause arrived are read once more, and no other.
    expect(new Set(source.pagesRead.flat()).size).toBe(5_000);
    expect(source.pagesRead.flat().length).toBeLessThanOrEqual(7_000);
    expect(await getRun(database, runId)).toMatchObject({ status: 'succeeded', pause: null });
    const { lines } = await readRunLog(database, runId, { limit: 100, step: 'pause' });
    expect(lines.map(({ message }) => message)).toEqual([
      'An operator paused the run: backups',
      'Reading rests: the run is paused',
      'An operator let the run go on',
    ]);
  });

  it('begins nothing while it is paused before its first database, and stops all the same', async () => {
    const { start, result, source, crawlerId } = await crawler(20);
    let listing: () => void = () => undefined;
    let goOn: () => void = () => undefined;
    const began = new Promise<void>((resolve) => {
      listing = resolve;
    });
    const released = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    connector = {
      ...source.connector(),
      listDatabases: async () => {
        listing();
        await released;
        return [{ name: 'shop' }];
      },
    };
    const runId = await start();
    await began;
    // Its signal is lost: the row alone must do.
    expect(await pauseRun(database, runId, { personId: null, name: 'An operator' })).toBe(true);
    goOn();
    const handle = client.workflow.getHandle(crawlId(crawlerId));
    await vi.waitFor(
      async () => {
        expect((await getRun(database, runId)).units.total).toBe(1);
        const { events } = await handle.fetchHistory();
        expect(events?.some(({ timerStartedEventAttributes: timer }) => timer != null)).toBe(true);
      },
      { timeout: 10_000, interval: 100 },
    );
    expect(source.pagesRead).toEqual([]);
    await markStopping(database, { crawlerId });
    expect(await orchestrator.stopCrawl(crawlerId)).toBe(true);
    await result().catch(() => undefined);
    expect(await getRun(database, runId)).toMatchObject({ status: 'stopped', pause: null });
    expect(await pauseRun(database, runId, { personId: null, name: 'An operator' })).toBe(false);
  });

  it('stops within seconds, keeps its rows right, and runs again', async () => {
    const { start, result, crawlerId, source } = await crawler(5_000);
    let reading: () => void = () => undefined;
    const began = new Promise<void>((resolve) => {
      reading = resolve;
    });
    connector = {
      ...source.connector(),
      openDatabase: async (connection, name, options) => {
        const reader = await source.connector().openDatabase(connection, name, options);
        return {
          ...reader,
          read: () => {
            reading();
            return new Promise((_resolve, reject) => {
              options.signal.addEventListener('abort', () => reject(new Error('cancelled by us')), { once: true });
            });
          },
        };
      },
    };
    const runId = await start();
    await began;
    const asked = Date.now();
    await markStopping(database, { crawlerId });
    expect(await orchestrator.stopCrawl(crawlerId)).toBe(true);
    await result().catch(() => undefined);
    console.info(`A stop in the middle of a query: ${Date.now() - asked} ms`);
    expect(Date.now() - asked).toBeLessThan(5_000);
    expect(await getRun(database, runId)).toMatchObject({ status: 'stopped', units: { stopped: 1, total: 1 } });
    expect(await lastLine(runId)).toMatchObject({
      step: 'close',
      message: expect.stringContaining('Stopped as asked'),
    });
    connector = source.connector();
    await start();
    expect(await result()).toMatchObject({ status: 'succeeded', counts: { added: 5_000 } });
  });

  it('runs by what its schedule starts', async () => {
    const { crawlerId, rows } = await crawler(3);
    await orchestrator.applySchedule({
      id: crawlerId,
      name: 'shop',
      plan: { mode: 'cycle', every: 'day', hour: 12, minute: 0, timeZone: 'UTC' },
      paused: false,
      resourceGroupId: 'default',
    });
    // Noon of some day is made up for, so that nobody waits for the next.
    await client.schedule.getHandle(scheduleId(crawlerId)).backfill({
      start: new Date('2026-01-05T11:00:00Z'),
      end: new Date('2026-01-05T13:00:00Z'),
      overlap: 'SKIP',
    });
    await expect
      .poll(
        () =>
          rows<{ trigger: string; status: string }>('SELECT trigger, status FROM crawl_run WHERE crawler_id = ?', [
            crawlerId,
          ]),
        { timeout: 20_000 },
      )
      .toEqual([{ trigger: 'schedule', status: 'succeeded' }]);
    await orchestrator.removeSchedule(crawlerId);
  });
});

describe('the deletion of a crawler', () => {
  it('stops its run, takes all it collected off the map and out of search, and leaves the others alone', async () => {
    const other = await crawler(5);
    await other.start();
    await other.result();
    const { start, result, crawlerId, rows, source } = await crawler(300);
    await start();
    await result();
    await orchestrator.applySchedule({
      id: crawlerId,
      name: 'shop',
      plan: { mode: 'cycle', every: 'day', hour: 1, minute: 0, timeZone: 'UTC' },
      paused: false,
      resourceGroupId: 'default',
    });
    let listing: () => void = () => undefined;
    const began = new Promise<void>((resolve) => {
      listing = resolve;
    });
    connector = {
      ...source.connector(),
      listDatabases: (_connection, { signal }) => {
        listing();
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('cancelled by us')), { once: true });
        });
      },
    };
    await start();
    await began;
    await markDeleting(database, crawlerId);
    await orchestrator.deleteCrawler({ crawlerId, crawlerName: 'shop' });
    await orchestrator.deleteCrawler({ crawlerId, crawlerName: 'shop' });
    const handle = client.workflow.getHandle(`delete-crawler:${crawlerId}`);
    expect(await handle.result()).toMatchObject({ entities: expect.any(Number) });
    expect(await rows('SELECT 1 FROM crawler WHERE id = ?', [crawlerId])).toHaveLength(0);
    expect(await rows('SELECT 1 FROM crawl_run WHERE crawler_id = ?', [crawlerId])).toHaveLength(0);
    expect(await rows('SELECT 1 FROM collected_database WHERE crawler_id = ?', [crawlerId])).toHaveLength(0);
    expect(await rows('SELECT 1 FROM search_outbox WHERE crawler_id = ?', [crawlerId])).toHaveLength(0);
    expect(await rows(`SELECT 1 FROM search_document WHERE document ->> 'crawlerId' = ?`, [crawlerId])).toHaveLength(0);
    expect(
      await rows(`SELECT 1 FROM search_document WHERE document ->> 'crawlerId' = ?`, [other.crawlerId]),
    ).not.toHaveLength(0);
    expect((await client.workflow.getHandle(crawlId(crawlerId)).describe()).status.name).toBe('CANCELLED');
    await expect(client.schedule.getHandle(scheduleId(crawlerId)).describe()).rejects.toBeInstanceOf(
      ScheduleNotFoundError,
    );

    await orchestrator.deleteCrawler({ crawlerId, crawlerName: 'shop' });
    expect(await handle.result()).toEqual({ entities: 0 });
  });
});
