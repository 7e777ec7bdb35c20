import { randomBytes, randomUUID } from 'node:crypto';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import pino from 'pino';
import { expect, inject, vi } from 'vitest';
import { ensureFirstAdmin } from '../../access/first-admin.js';
import { createCrawler } from '../../catalog/crawlers/write-crawlers.js';
import { type StoredStructure, structureOf } from '../../catalog/model/stored-structure.js';
import type { Partition, SourceTable, TableType } from '../../catalog/model/table.js';
import { queueRun } from '../../catalog/runs/queue-run.js';
import { getRun, type RunDetail } from '../../catalog/runs/read-runs.js';
import { markStopping } from '../../catalog/runs/stop-run.js';
import { createSource } from '../../catalog/sources/write-sources.js';
import type { Connection } from '../../connectors/contract.js';
import { connectorSpec, loadConnector } from '../../connectors/registry.js';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { createOrchestrator } from '../../orchestrator/temporal-orchestrator.js';
import { createSearchIndex } from '../../search/create-index.js';
import { startWorker } from '../../worker/start-worker.js';
import { testDatabase } from '../servers/test-database.js';
import { freshNamespace } from '../worker/fresh-namespace.js';

/** A catalog, a Temporal namespace and a worker with the product's own connectors. */
export interface CollectingStack {
  database: Database;
  crawler(type: string, connection: Connection, databases: string[]): Promise<string>;
  /** Starts a run of a crawler; returns its id. */
  start(crawlerId: string): Promise<string>;
  /** Asks the crawler's open run to stop. */
  askToStop(crawlerId: string): Promise<void>;
  /** The run, once it has ended. */
  ended(runId: string): Promise<RunDetail>;
  /** Makes a crawler of one database and runs it to its end. */
  collect(type: string, connection: Connection, name: string): Promise<RunDetail>;
  /** Every living table of that database, as the map has it. */
  tables(name: string): Promise<SourceTable[]>;
  stop(): Promise<void>;
}

export async function startCollectingStack(): Promise<CollectingStack> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const log = pino({ level: 'silent' });
  const secretKey = randomBytes(32);
  const { database, drop } = await testDatabase();
  const { namespace, connection } = await freshNamespace();
  const orchestrator = createOrchestrator({ connection: { address: inject('temporal') }, namespace });
  const { workspaceId, resourceGroupId } = await ensureFirstAdmin(database, { email: 'a@datamap.test', name: 'A' });
  const searchIndex = createSearchIndex({ database });
  await searchIndex.prepare();
  const worker = await startWorker({
    connection,
    namespace,
    context: { database, loadConnector, secretKey, searchIndex, log, worker: { id: 'w', host: 'here', addresses: [] } },
    roles: { control: true, groups: true },
    resourceGroups: undefined,
    log,
    workflows: { workflowBundle: { codePath: inject('workflowBundle') } },
    intervals: { poll: 200, beat: 200 },
  });
  const crawler: CollectingStack['crawler'] = async (type, { config, secrets }, databases) => {
    const spec = connectorSpec(type);
    if (spec === undefined) throw new Error(`There is no connector for ${type}`);
    const source = await createSource(
      database,
      { secretKey, type: spec },
      { workspaceId, name: databases.join(' and '), environment: 'production', config, secrets },
    );
    const { id } = await createCrawler(database, {
      workspaceId,
      dataSourceId: source.id,
      resourceGroupId,
      databases,
      plan: { mode: 'manual' },
    });
    return id;
  };
  const start: CollectingStack['start'] = async (crawlerId) => {
    const runId = randomUUID();
    const request = { crawlerId, runId, trigger: 'manual' as const };
    await queueRun(database, request);
    // A run's row ends a moment before its execution does, and until then no other is started.
    await vi.waitFor(
      async () => {
        const input = { ...request, crawlerName: 'a test', resourceGroup: resourceGroupId };
        expect(await orchestrator.startCrawl(input)).toEqual({ started: true });
      },
      { timeout: 10_000, interval: 50 },
    );
    return runId;
  };
  const ended: CollectingStack['ended'] = (runId) =>
    vi.waitFor(
      async () => {
        const run = await getRun(database, runId);
        expect(run.endedAt).not.toBeNull();
        return run;
      },
      { timeout: 60_000, interval: 100 },
    );
  return {
    database,
    crawler,
    start,
    askToStop: async (crawlerId) => {
      await markStopping(database, { crawlerId });
      expect(await orchestrator.stopCrawl(crawlerId)).toBe(true);
    },
    ended,
    collect: async (type, connection, name) => ended(await start(await crawler(type, connection, [name]))),
    tables: (name) => tablesOf(database, name),
    stop: async () => {
      await worker.stop();
      await orchestrator.close();
      await connection.close();
      await drop();
    },
  };
}

interface MappedRow {
  key: string;
  schema: string | null;
  name: string;
  type: TableType;
  owner: string | null;
  comment: string | null;
  rows: number | null;
  bytes: number | null;
  structure: StoredStructure;
  partitions: Partition[];
}

async function tablesOf(database: Database, name: string): Promise<SourceTable[]> {
  const rows = await query<MappedRow>(
    database,
    `SELECT o.native_key AS key, e.schema_name AS schema, e.name, e.type, e.owner, e.comment,
            e.structure::jsonb AS structure,
            o.row_estimate::float8 AS rows, o.size_bytes::float8 AS bytes,
            (SELECT coalesce(jsonb_agg(jsonb_build_object('name', p.name, 'ordinal', p.ordinal, 'bound', p.bound)), '[]')
               FROM table_partition p WHERE p.entity_id = e.id) AS partitions
       FROM entity e
       JOIN collected_database d ON d.id = e.collected_database_id
       JOIN source_object o ON o.entity_id = e.id
      WHERE d.name = ? AND e.kind = 'table' AND e.removed_at IS NULL`,
    [name],
  );
  return rows.map(({ owner, comment, rows: count, bytes, structure, ...table }) => ({
    ...table,
    owner: owner ?? undefined,
    comment: comment ?? undefined,
    rows: count ?? undefined,
    bytes: bytes ?? undefined,
    structure: structureOf(structure),
  }));
}
