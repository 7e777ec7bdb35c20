import { randomBytes, randomUUID } from 'node:crypto';
import { expect, inject, vi } from 'vitest';
import { ensureFirstAdmin } from '../../access/first-admin.js';
import { createCrawler } from '../../catalog/crawlers/write-crawlers.js';
import { queueRun } from '../../catalog/runs/queue-run.js';
import { getRun, type RunDetail } from '../../catalog/runs/read-runs.js';
import { createSource } from '../../catalog/sources/write-sources.js';
import type { Connection, ConnectorSpec } from '../../connectors/contract.js';
import { postgresqlSpec } from '../../connectors/postgresql/spec.js';
import { type Database, migrate, openDatabase } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { Orchestrator } from '../../orchestrator/port.js';
import { createOrchestrator } from '../../orchestrator/temporal-orchestrator.js';
import { createSearchIndex } from '../../search/create-index.js';
import type { Trigger } from '../../workflows/contract.js';
import { type OwnServers, startOwnServers } from './own-servers.js';
import { startWorkerProcess, type WorkerProcess, type WorkerProgramSettings } from './worker-process.js';

/** A catalog and an engine of a test file's own, and workers in processes of their own: all of it may be killed. */
export interface MortalStack extends OwnServers {
  database: Database;
  orchestrator: Orchestrator;
  secretKey: Buffer;
  startWorker(settings?: Pick<WorkerProgramSettings, 'synthetic' | 'clockAhead'>): Promise<WorkerProcess>;
  /** Of a PostgreSQL source unless told otherwise. */
  crawler(databases: readonly string[], source?: Connection, type?: ConnectorSpec): Promise<OwnCrawler>;
}

export interface OwnCrawler {
  id: string;
  name: string;
  /** Starts a run, of another run where the trigger needs one; returns its id. */
  start(trigger?: Trigger, ofRunId?: string): Promise<string>;
  /** The run once it has ended. */
  ended(runId: string): Promise<RunDetail>;
  /** Pages staged so far by all attempts, the end being one of its own, and the latest attempt. */
  progress(runId: string): Promise<{ pages: number; attempt: number; status: string }>;
  /** Returns when so many pages are staged. */
  staged(runId: string, pages: number): Promise<void>;
}

/** What stands for a source in memory. Another port each time: one server's database belongs to one crawler. */
let nobody = 0;
const nowhere = (): Connection => {
  nobody += 1;
  return { config: { host: '127.0.0.1', port: nobody, user: 'nobody', database: 'shop' }, secrets: {} };
};

/** Starts the servers of a stack; workers are the test's to start. */
export async function startMortalStack(): Promise<MortalStack> {
  const servers = await startOwnServers();
  const database = openDatabase(servers.postgresUrl, { name: 'datamap-test' });
  await migrate(database);
  await createSearchIndex({ database }).prepare();
  const orchestrator = createOrchestrator({ connection: { address: servers.temporalAddress }, namespace: 'default' });
  const secretKey = randomBytes(32);
  const { workspaceId, resourceGroupId } = await ensureFirstAdmin(database, { email: 'a@datamap.test', name: 'A' });
  const workers: WorkerProcess[] = [];
  return {
    ...servers,
    database,
    orchestrator,
    secretKey,
    startWorker: async (settings = {}) => {
      const worker = await startWorkerProcess({
        databaseUrl: servers.postgresUrl,
        temporal: servers.temporalAddress,
        secretKey: secretKey.toString('base64'),
        workflowBundle: inject('workflowBundle'),
        graceTime: 300,
        ...settings,
      });
      workers.push(worker);
      return worker;
    },
    crawler: async (databases, { config, secrets } = nowhere(), type = postgresqlSpec) => {
      const source = await createSource(
        database,
        { secretKey, type },
        { workspaceId, name: `source ${randomUUID()}`, environment: 'production', config, secrets },
      );
      const crawler = await createCrawler(database, {
        workspaceId,
        dataSourceId: source.id,
        resourceGroupId,
        databases,
        plan: { mode: 'manual' },
      });
      return ownCrawler(database, orchestrator, { id: crawler.id, name: crawler.name, resourceGroup: resourceGroupId });
    },
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.end('SIGKILL')));
      await orchestrator.close();
      await database.destroy();
      await servers.stop();
    },
  };
}

function ownCrawler(
  database: Database,
  orchestrator: Orchestrator,
  { id, name, resourceGroup }: { id: string; name: string; resourceGroup: string },
): OwnCrawler {
  const progress = async (runId: string) => {
    const [row] = await query<{ pages: number; attempt: number; status: string }>(
      database,
      `SELECT coalesce(sum(u.pages_staged), 0)::int AS pages, coalesce(max(u.attempt), 0) AS attempt, r.status
         FROM crawl_run r LEFT JOIN crawl_unit u ON u.run_id = r.id WHERE r.id = ? GROUP BY r.status`,
      [runId],
    );
    return row ?? { pages: 0, attempt: 0, status: 'missing' };
  };
  return {
    id,
    name,
    progress,
    start: async (trigger = 'manual', ofRunId) => {
      const runId = randomUUID();
      const request = { crawlerId: id, runId, trigger, ...(ofRunId === undefined ? {} : { ofRunId }) };
      await queueRun(database, request);
      // The execution of the run before goes on for a moment after its row has ended: it drains what is owed to search.
      await vi.waitFor(
        async () => {
          const answer = await orchestrator.startCrawl({ ...request, crawlerName: name, resourceGroup });
          expect(answer).toEqual({ started: true });
        },
        { timeout: 60_000, interval: 100 },
      );
      return runId;
    },
    ended: (runId) =>
      vi.waitFor(
        async () => {
          const run = await getRun(database, runId);
          expect(run.endedAt, `the run is ${run.status}`).not.toBeNull();
          return run;
        },
        { timeout: 120_000, interval: 200 },
      ),
    staged: (runId, pages) =>
      vi.waitFor(async () => expect((await progress(runId)).pages).toBeGreaterThanOrEqual(pages), {
        timeout: 60_000,
        interval: 50,
      }),
  };
}
