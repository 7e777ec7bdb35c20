import { get } from 'node:http';
import { Client } from '@temporalio/client';
import { DefaultLogger, type NativeConnection, Runtime } from '@temporalio/worker';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { ActivityContext } from '../../activities/context.js';
import { liveWorkers } from '../../catalog/groups/workers.js';
import type { Connector } from '../../connectors/contract.js';
import type { Database } from '../../db/database.js';
import { createSearchIndex } from '../../search/create-index.js';
import { serveHealth } from '../../worker/health.js';
import { type RunningWorker, startWorker } from '../../worker/start-worker.js';
import { crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';
import { freshNamespace } from './fresh-namespace.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const log = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' });

let database: Database;
let drop: () => Promise<void>;
let connection: NativeConnection;
let namespace: string;
let worker: RunningWorker | undefined;
let connector: Connector;

beforeAll(async () => {
  ({ namespace, connection } = await freshNamespace());
});
afterAll(() => connection.close());
beforeEach(async () => {
  ({ database, drop } = await testDatabase());
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
  await drop();
});

const start = async (only?: string[], id = 'w-1') => {
  const context: ActivityContext = {
    database,
    loadConnector: async () => connector,
    secretKey: Buffer.alloc(32),
    searchIndex: createSearchIndex({ database }),
    log,
    worker: { id, host: 'here', addresses: ['192.0.2.7', '2001:db8::7'] },
  };
  worker = await startWorker({
    connection,
    namespace,
    context,
    roles: { control: true, groups: true },
    resourceGroups: only === undefined ? undefined : new Set(only),
    log,
    workflows: { workflowBundle: { codePath: inject('workflowBundle') } },
    intervals: { poll: 100, beat: 100 },
    graceTime: '300ms',
  });
  return worker;
};
const group = (id: string, capacity = 1) =>
  database.raw('INSERT INTO resource_group (id, name, capacity_cu) VALUES (?, ?, ?)', [id, id, capacity]);
const queues = () =>
  worker
    ?.health()
    .workers.map(({ queue }) => queue)
    .toSorted();

describe('a worker process', () => {
  it('serves each resource group there is, new ones too, and lets go of deleted ones', async () => {
    await group('east');
    await start();
    await expect.poll(queues).toEqual(['control', 'rg:east']);
    await group('west', 2);
    await expect.poll(queues).toEqual(['control', 'rg:east', 'rg:west']);
    await expect
      .poll(() => liveWorkers(database, 'west'))
      .toMatchObject([{ id: 'w-1', host: 'here', addresses: ['192.0.2.7', '2001:db8::7'], slots: 8 }]);
    await database.raw(`DELETE FROM resource_group WHERE id = 'east'`);
    await expect.poll(queues).toEqual(['control', 'rg:west']);
    expect(await liveWorkers(database, 'east')).toEqual([]);
  });

  it('serves only the groups it is given', async () => {
    await group('east');
    await group('west');
    await start(['west', 'north']);
    await expect.poll(queues).toEqual(['control', 'rg:west']);
    await group('north');
    await expect.poll(queues).toEqual(['control', 'rg:north', 'rg:west']);
    expect(await liveWorkers(database, 'east')).toEqual([]);
  });

  it('takes its leave at once when it ends', async () => {
    await group('east');
    const running = await start();
    await expect.poll(() => liveWorkers(database, 'east')).toHaveLength(1);
    worker = undefined;
    await running.stop();
    expect(await liveWorkers(database, 'east')).toEqual([]);
    expect(running.health().ok).toBe(false);
  });

  it('takes a new capacity while it works, and no step is lost', { timeout: 60_000 }, async () => {
    await group('default', 0.25);
    const { client, open, collecting, finish } = await busyCrawl();
    await start();
    await expect.poll(() => liveWorkers(database, 'default')).toMatchObject([{ slots: 1 }]);
    const handle = await open(client);
    await expect.poll(collecting, { timeout: 15_000 }).toBeGreaterThan(0);
    await database.raw(`UPDATE resource_group SET capacity_cu = 2, version = version + 1 WHERE id = 'default'`);
    finish();
    await expect.poll(() => liveWorkers(database, 'default'), { timeout: 30_000 }).toMatchObject([{ slots: 8 }]);
    expect(await handle.result()).toMatchObject({ status: 'succeeded', counts: { tables: 1_500 } });
  });

  it('that ends in the middle of a unit leaves the run open, and the next one goes on with it', {
    timeout: 60_000,
  }, async () => {
    await group('default');
    const { client, open, collecting, finish } = await busyCrawl();
    const first = await start();
    const handle = await open(client);
    await expect.poll(collecting).toBeGreaterThan(0);
    worker = undefined;
    await first.stop();
    const units = () =>
      database.raw('SELECT r.status, u.attempt, u.worker FROM crawl_run r JOIN crawl_unit u ON u.run_id = r.id');
    expect((await units()).rows).toEqual([{ status: 'running', attempt: 1, worker: 'w-1' }]);
    finish();
    await start(undefined, 'w-2');
    expect(await handle.result()).toMatchObject({ status: 'succeeded', counts: { tables: 1_500, added: 1_500 } });
    expect((await units()).rows).toEqual([{ status: 'succeeded', attempt: 2, worker: 'w-2' }]);
  });

  it('looks unhealthy as soon as it polls nothing', async () => {
    await group('east');
    const running = await start();
    const endpoint = await serveHealth(0, () => running.health());
    const ask = () =>
      new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
        get({ port: endpoint.port, path: '/healthz', agent: false }, (response) => {
          let body = '';
          response.on('data', (chunk) => {
            body += chunk;
          });
          response.on('end', () => resolve({ status: response.statusCode, body }));
        }).on('error', reject);
      });
    await expect.poll(queues).toHaveLength(2);
    expect(await ask()).toEqual({
      status: 200,
      body: JSON.stringify({
        ok: true,
        workers: [
          { queue: 'control', state: 'RUNNING' },
          { queue: 'rg:east', state: 'RUNNING' },
        ],
      }),
    });
    worker = undefined;
    await running.stop();
    expect((await ask()).status).toBe(503);
    await endpoint.close();
  });
});

/** A crawl that holds its source until `finish`. */
async function busyCrawl() {
  const source = new SyntheticSource(1_500);
  const { crawlerId } = await crawledCatalog(database, source);
  let reads = 0;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  connector = {
    ...source.connector(),
    openDatabase: async (...args) => {
      const reader = await source.connector().openDatabase(...args);
      const [, , { signal }] = args;
      const aborted = new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('the statement was cancelled')), { once: true });
      });
      return {
        ...reader,
        read: async (keys) => {
          reads += 1;
          await Promise.race([finished, aborted]);
          return reader.read(keys);
        },
      };
    },
  };
  const client = new Client({ connection, namespace });
  const open = (through: Client) =>
    through.workflow.start('crawl', {
      workflowId: `crawl:${crawlerId}`,
      taskQueue: 'control',
      args: [{ crawlerId, crawlerName: 'shop', resourceGroup: 'default', trigger: 'manual' }],
    });
  return { client, open, collecting: () => reads, finish };
}
