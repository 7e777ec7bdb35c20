import { randomUUID } from 'node:crypto';
import { DefaultLogger, type NativeConnection, Runtime } from '@temporalio/worker';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { createTest, getTest } from '../../catalog/jobs/connection-tests.js';
import { createListing, getListing } from '../../catalog/jobs/database-listings.js';
import { loadConnector } from '../../connectors/registry.js';
import type { Database } from '../../db/database.js';
import type { Orchestrator } from '../../orchestrator/port.js';
import { createOrchestrator } from '../../orchestrator/temporal-orchestrator.js';
import { createSearchIndex } from '../../search/create-index.js';
import { type RunningWorker, startWorker } from '../../worker/start-worker.js';
import { emptyDatabase, testDatabase } from '../servers/test-database.js';
import { freshNamespace } from './fresh-namespace.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const log = pino({ level: 'silent' });

let database: Database;
let connection: NativeConnection;
let orchestrator: Orchestrator;
let worker: RunningWorker;
let source: Awaited<ReturnType<typeof emptyDatabase>>;
const cleanup: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const test = await testDatabase();
  database = test.database;
  source = await emptyDatabase(inject('postgres'));
  const fresh = await freshNamespace();
  connection = fresh.connection;
  orchestrator = createOrchestrator({ connection: { address: inject('temporal') }, namespace: fresh.namespace });
  await database.raw(
    `INSERT INTO resource_group (id, name) VALUES ('default', 'Default'), ('empty', 'Empty') ON CONFLICT DO NOTHING`,
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
      worker: { id: 'w-1', host: 'here', addresses: ['192.0.2.7'] },
    },
    roles: { control: true, groups: true },
    resourceGroups: new Set(['default']),
    log,
    workflows: { workflowBundle: { codePath: inject('workflowBundle') } },
    intervals: { poll: 200, beat: 200 },
  });
  await vi.waitFor(() => expect(worker.health().workers).toHaveLength(2), { timeout: 15_000 });
  cleanup.push(
    () => worker.stop(),
    () => orchestrator.close(),
    () => connection.close(),
    () => source.drop(),
    () => test.drop(),
  );
});
afterAll(async () => {
  for (const step of cleanup) await step();
});

/** A data source of the test run's own PostgreSQL, or of whatever `config` makes of it. */
async function dataSource(config: object = {}): Promise<string> {
  const url = new URL(source.url);
  const { rows: workspaces } = await database.raw('INSERT INTO workspace (name) VALUES (?) RETURNING id', [
    randomUUID(),
  ]);
  const whole = {
    host: url.hostname,
    port: Number(url.port),
    user: decodeURIComponent(url.username),
    database: source.name,
    tls: 'off',
    ...config,
  };
  const { rows } = await database.raw(
    `INSERT INTO data_source (workspace_id, name, type, instance, environment, config)
     VALUES (?, 'shop db', 'postgresql', ?, 'production', ?) RETURNING id`,
    [workspaces[0].id, `${url.host}-${randomUUID()}`, JSON.stringify(whole)],
  );
  return rows[0].id as string;
}

async function test(dataSourceId: string, resourceGroupId = 'default') {
  const testId = randomUUID();
  await createTest(database, { testId, dataSourceId, resourceGroupId });
  await orchestrator.startConnectionTest({
    testId,
    dataSourceId,
    dataSourceName: 'shop db',
    resourceGroup: resourceGroupId,
  });
  await expect
    .poll(async () => (await getTest(database, testId)).status, { timeout: 40_000 })
    .not.toMatch(/queued|running/);
  return getTest(database, testId);
}

describe('a connection test', () => {
  it('passes step by step on the group’s worker', async () => {
    const result = await test(await dataSource());
    expect(result).toMatchObject({ status: 'passed', worker: 'w-1' });
    expect(result.steps[0]).toMatchObject({ id: 'worker', state: 'passed', detail: { addresses: ['192.0.2.7'] } });
    expect(result.steps.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['resolve_host', 'tcp_connect', 'authenticate', 'list_databases']),
    );
    expect(result.steps.filter(({ state }) => state === 'running')).toEqual([]);
  });

  it('fails at the step that fails, with what to do', async () => {
    const result = await test(await dataSource({ database: 'no_such_database' }));
    expect(result.status).toBe('failed');
    const failed = result.steps.filter(({ state }) => state === 'failed');
    expect(failed).toHaveLength(1);
    expect(failed[0]).toMatchObject({ code: 'UNKNOWN_DATABASE', remedy: expect.any(String) });
  });

  it('says that the group has no worker, instead of waiting for one', { timeout: 60_000 }, async () => {
    const result = await test(await dataSource(), 'empty');
    expect(result).toMatchObject({
      status: 'failed',
      worker: null,
      steps: [{ id: 'worker', state: 'failed', code: 'RESOURCE_GROUP_WITHOUT_WORKER' }],
    });
    expect(result.steps[0]?.message).toContain('resource group empty');
  });
});

describe('a listing of databases', () => {
  async function list(dataSourceId: string) {
    const listingId = randomUUID();
    await createListing(database, { listingId, dataSourceId, resourceGroupId: 'default' });
    await orchestrator.listDatabases({
      listingId,
      dataSourceId,
      dataSourceName: 'shop db',
      resourceGroup: 'default',
      waitMs: 20_000,
    });
    return getListing(database, listingId);
  }

  it('is in its row when the wait is over', async () => {
    const listing = await list(await dataSource());
    expect(listing.status).toBe('done');
    expect(listing.databases.map(({ name }) => name)).toContain(source.name);
  });

  it('has the cause in its row when it failed', async () => {
    expect(await list(await dataSource({ database: 'no_such_database' }))).toMatchObject({
      status: 'failed',
      error: { code: 'UNKNOWN_DATABASE' },
      databases: [],
    });
  });
});
