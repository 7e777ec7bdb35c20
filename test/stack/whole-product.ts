import { Client } from '@temporalio/client';
import { expect, inject, vi } from 'vitest';
import type { OpenLineageReceiver } from '../../catalog/webhooks/openlineage-receiver.js';
import type { Connector } from '../../connectors/contract.js';
import { query } from '../../db/query.js';
import type { Orchestrator } from '../../orchestrator/port.js';
import { createOrchestrator } from '../../orchestrator/temporal-orchestrator.js';
import type { SearchIndex } from '../../search/port.js';
import type { RunningWorker } from '../../worker/start-worker.js';
import { type ApiUnderTest, type People, populate, serveGroup, startApi } from '../api/api-under-test.js';
import type { Answer } from '../api/declared-shapes.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { startWorkerUnderTest } from '../servers/worker-under-test.js';
import { freshNamespace } from '../worker/fresh-namespace.js';

/** The API and a worker with the real engine, catalog and search between them; only the source is in memory. */
export interface WholeProduct {
  api: ApiUnderTest;
  people: People;
  client: Client;
  orchestrator: Orchestrator;
  /** What the worker reads sources with. Set by `makeCrawler`; a test may set its own. */
  connector: Connector;
  /** Calls the API as a developer of the workspace. */
  call(method: string, path: string, body?: object, headers?: Record<string, string>): Promise<Answer>;
  rows<Row = Record<string, unknown>>(sql: string, ...bindings: string[]): Promise<(Row & Record<string, unknown>)[]>;
  /** Starts another worker; the first one runs already. */
  newWorker(): Promise<RunningWorker>;
  /** Tells the worker that runs now to end, and returns when it has. */
  stopWorker(): Promise<void>;
  /** A crawler of two databases, `sales` and `shop`, of so many tables each. */
  makeCrawler(tables: number, plan?: object): Promise<{ id: string; dataSourceId: string }>;
  crawlerOf(dataSourceId: string, plan?: object): Promise<string>;
  /** Runs a crawler by hand until the run has ended; returns the run. */
  runToItsEnd(crawlerId: string): Promise<Answer['body']>;
  stop(): Promise<void>;
}

export async function startWholeProduct(
  options: { searchIndex?: SearchIndex; graceTime?: '1s'; openLineage?: OpenLineageReceiver } = {},
): Promise<WholeProduct> {
  const { searchIndex, graceTime = '1s', openLineage } = options;
  const { namespace, connection } = await freshNamespace();
  const orchestrator = createOrchestrator({ connection: { address: inject('temporal') }, namespace });
  const api = await startApi({ context: { orchestrator, ...(searchIndex && { searchIndex }) } });
  const people = await populate(api);
  await serveGroup(api);
  let worker: RunningWorker;
  let made = 0;
  const { database, secretKey } = api.context;
  const call: WholeProduct['call'] = (method, path, body, headers) =>
    api.call(method, path, { as: people.developer, ...(body && { body }), ...(headers && { headers }) });
  const product: WholeProduct = {
    api,
    people,
    client: new Client({ connection, namespace }),
    orchestrator,
    connector: new SyntheticSource(0).connector(),
    call,
    rows: (sql, ...bindings) => query(database, sql, bindings),
    newWorker: async () => {
      worker = await startWorkerUnderTest({
        connection,
        namespace,
        graceTime,
        context: {
          database,
          secretKey,
          openLineage,
          searchIndex: api.context.searchIndex,
          loadConnector: async () => product.connector,
        },
      });
      return worker;
    },
    stopWorker: () => worker.stop(),
    makeCrawler: async (tables, plan) => {
      made += 1;
      product.connector = {
        ...new SyntheticSource(tables).connector(),
        listDatabases: async () => [{ name: 'shop' }, { name: 'sales' }],
      };
      const url = `postgres://reader:x@db${made}.example/shop`;
      const { body } = await call('POST', '/data-sources', {
        workspaceId: people.workspaceId,
        name: `source ${made}`,
        url,
      });
      return { id: await product.crawlerOf(body.id, plan), dataSourceId: body.id };
    },
    crawlerOf: async (dataSourceId, plan = { mode: 'manual' }) => {
      const { workspaceId } = people;
      const definition = { workspaceId, dataSourceId, databases: ['sales', 'shop'], plan };
      const { body, status, text } = await call('POST', '/crawlers', definition);
      expect(status, text).toBe(201);
      return body.id;
    },
    runToItsEnd: async (crawlerId) => {
      const { body, text } = await call('POST', `/crawlers/${crawlerId}/runs`, {});
      return vi.waitFor(
        async () => {
          const run = (await call('GET', `/runs/${body.runId}`)).body;
          expect(run.endedAt, text).not.toBeNull();
          return run;
        },
        { timeout: 120_000, interval: 100 },
      );
    },
    stop: async () => {
      await worker.stop();
      await orchestrator.close();
      await connection.close();
      await api.stop();
    },
  };
  await product.newWorker();
  return product;
}
