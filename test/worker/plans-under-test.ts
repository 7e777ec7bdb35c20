import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import pino from 'pino';
import { expect, inject, vi } from 'vitest';
import type { Connector } from '../../connectors/contract.js';
import { postgresqlConnector } from '../../connectors/postgresql/connector.js';
import { createOrchestrator } from '../../orchestrator/temporal-orchestrator.js';
import { createSearchIndex } from '../../search/create-index.js';
import { startWorker } from '../../worker/start-worker.js';
import { crawlId, type Trigger } from '../../workflows/contract.js';
import { connectionTo } from '../connectors/postgresql/source.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';
import { freshNamespace } from './fresh-namespace.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const log = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' });

/** A crawler whose runs go through Temporal. */
export type PlannedCatalog = CrawledCatalog & {
  /** Runs it to its end, however that is, and gives the run's id. */
  run(trigger: Trigger, ofRunId?: string): Promise<string>;
  /** Starts a run and does not wait for it. */
  start(trigger: Trigger, ofRunId?: string): Promise<string>;
  /** What the map shows of the crawler's database, without ids, versions and times. */
  map(): Promise<Record<string, unknown>[]>;
};

/** A worker on a Temporal server and a catalog database of its own, and crawlers for it. */
export async function plansUnderTest() {
  const { database, drop } = await testDatabase();
  const { namespace, connection } = await freshNamespace();
  const client = new Client({ connection, namespace });
  const orchestrator = createOrchestrator({ connection: { address: inject('temporal') }, namespace });
  const searchIndex = createSearchIndex({ database });
  /** By data source host, which each crawler has its own of. */
  let connector: Connector;
  await database.raw(`INSERT INTO resource_group (id, name) VALUES ('default', 'Default') ON CONFLICT DO NOTHING`);
  const worker = await startWorker({
    connection,
    namespace,
    context: {
      database,
      loadConnector: async () => connector,
      secretKey: Buffer.alloc(32),
      searchIndex,
      log,
      worker: { id: 'w-1', host: 'here', addresses: [] },
    },
    roles: { control: true, groups: true },
    resourceGroups: undefined,
    log,
    workflows: { workflowBundle: { codePath: inject('workflowBundle') } },
    intervals: { poll: 200, beat: 200 },
  });
  await vi.waitFor(() => expect(worker.health().workers).toHaveLength(2), { timeout: 15_000 });

  async function crawler(reads: Connector): Promise<PlannedCatalog> {
    const catalog = await crawledCatalog(database, new SyntheticSource(0));
    const start = async (trigger: Trigger, ofRunId?: string) => {
      connector = reads;
      const runId = randomUUID();
      const answer = await orchestrator.startCrawl({
        crawlerId: catalog.crawlerId,
        crawlerName: 'shop',
        resourceGroup: 'default',
        runId,
        trigger,
        ...(ofRunId === undefined ? {} : { ofRunId }),
      });
      expect(answer).toEqual({ started: true });
      return runId;
    };
    return {
      ...catalog,
      start,
      run: async (trigger, ofRunId) => {
        const runId = await start(trigger, ofRunId);
        const handle = client.workflow.getHandle(crawlId(catalog.crawlerId));
        await handle.result().catch(() => undefined);
        return runId;
      },
      map: () =>
        catalog.rows(
          `SELECT kind, type, schema_name, name, owner, comment, structure::jsonb AS structure, column_count, encode(hash, 'hex') AS hash,
                  substring(guid FROM '::.*') AS place
             FROM entity
            WHERE collected_database_id = ? AND removed_at IS NULL
            ORDER BY kind, schema_name, name`,
          [catalog.collectedDatabaseId],
        ),
    };
  }

  return {
    database,
    client,
    orchestrator,
    searchIndex,
    crawler,
    /** A crawler of a real database. */
    crawlerOf: (source: { url: string; name: string }) =>
      crawler({
        ...postgresqlConnector,
        listDatabases: async () => [{ name: 'shop' }],
        openDatabase: (_connection, _database, options) =>
          postgresqlConnector.openDatabase(connectionTo(source.url), source.name, options),
        preview: (_connection, request, options) =>
          postgresqlConnector.preview?.(connectionTo(source.url), { ...request, database: source.name }, options) ??
          Promise.reject(new Error('PostgreSQL has previews')),
      }),
    stop: async () => {
      await worker.stop();
      await orchestrator.close();
      await connection.close();
      await drop();
    },
  };
}
