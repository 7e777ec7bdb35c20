import { randomBytes } from 'node:crypto';
import { ensureFirstAdmin } from '../access/first-admin.js';
import { createCrawler } from '../catalog/crawlers/write-crawlers.js';
import { createSource } from '../catalog/sources/write-sources.js';
import { connectorSpec } from '../connectors/registry.js';
import { type Database, migrate, openDatabase } from '../db/database.js';
import type { Orchestrator } from '../orchestrator/port.js';
import { temporalAddress } from '../orchestrator/temporal-address.js';
import { createOrchestrator } from '../orchestrator/temporal-orchestrator.js';
import { createSearchIndex } from '../search/create-index.js';
import type { BenchSource } from './bench-source.js';
import type { BenchStack, BenchWorker } from './stack.js';

/** A fresh catalog with a worker of its own and a crawler of the source. */
export interface Installation {
  /** Of the catalog. */
  url: string;
  secretKey: Buffer;
  database: Database;
  orchestrator: Orchestrator;
  worker: BenchWorker;
  workspaceId: string;
  resourceGroupId: string;
  dataSourceId: string;
  crawlerId: string;
  crawlerName: string;
  /** Another worker process of the same catalog. */
  startWorker(): Promise<BenchWorker>;
  close(): Promise<void>;
}

/** Makes a catalog with one crawler of the source, and starts a worker for it. */
export async function install(
  stack: BenchStack,
  source: Pick<BenchSource, 'type' | 'url' | 'database'>,
  name: string,
): Promise<Installation> {
  const url = await stack.createDatabase(name);
  const database = openDatabase(url, { name: 'datamap-bench' });
  await migrate(database);
  await createSearchIndex({ database }).prepare();
  const secretKey = randomBytes(32);
  const { personId, workspaceId, resourceGroupId } = await ensureFirstAdmin(database, {
    email: 'bench@datamap.test',
    name: 'Bench',
  });
  const spec = connectorSpec(source.type);
  if (spec === undefined) throw new Error(`There is no connector for ${source.type}`);
  const { config, secrets } = spec.parseUrl(source.url);
  const dataSource = await createSource(
    database,
    { secretKey, type: spec },
    { workspaceId, name: 'bench', environment: 'production', config, secrets, createdBy: personId },
  );
  const crawler = await createCrawler(database, {
    workspaceId,
    dataSourceId: dataSource.id,
    resourceGroupId,
    databases: [source.database],
    plan: { mode: 'manual' },
    createdBy: personId,
  });
  const worker = await stack.startWorker(url, secretKey);
  const orchestrator = createOrchestrator(temporalAddress({ TEMPORAL_ADDRESS: stack.temporal }));
  return {
    url,
    secretKey,
    database,
    orchestrator,
    worker,
    workspaceId,
    resourceGroupId,
    dataSourceId: dataSource.id,
    crawlerId: crawler.id,
    crawlerName: crawler.name,
    startWorker: () => stack.startWorker(url, secretKey),
    close: async () => {
      await orchestrator.close();
      await worker.stop();
      await database.destroy();
    },
  };
}
