import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import pino from 'pino';
import { createCollectUnit } from '../../activities/collect-unit.js';
import type { ActivityContext } from '../../activities/context.js';
import { createPublishUnit } from '../../activities/publish-unit.js';
import type { Database } from '../../db/database.js';
import type { UnitCounts, UnitRef } from '../../workflows/contract.js';
import type { SyntheticSource } from './synthetic-source.js';

/** A catalog with one crawler of one database, which crawls a synthetic source by the product's own activities. */
export interface CrawledCatalog {
  database: Database;
  crawlerId: string;
  workspaceId: string;
  collectedDatabaseId: string;
  context: ActivityContext;
  /** Opens a run with one unit. Ends the run before it. */
  openRun(): Promise<UnitRef>;
  collect(ref: UnitRef, attempt?: number): Promise<{ tables: number; changed: number }>;
  publish(ref: UnitRef): Promise<UnitCounts>;
  /** A whole run. */
  crawl(): Promise<UnitCounts & { runId: string }>;
  rows<Row = Record<string, unknown>>(sql: string, bindings?: readonly unknown[]): Promise<Row[]>;
}

/**
 * @param name of the database on the map
 * @param server that it is on; one of its own when left out
 */
export async function crawledCatalog(
  database: Database,
  source: Pick<SyntheticSource, 'connector'>,
  name = 'shop',
  server = `db-${randomUUID().slice(0, 8)}.example:5432`,
): Promise<CrawledCatalog> {
  const rows = async <Row>(sql: string, bindings: readonly unknown[] = []): Promise<Row[]> =>
    (await database.raw<{ rows: Row[] }>(sql, bindings as string[])).rows;
  const one = async (sql: string, bindings: readonly unknown[]): Promise<string> =>
    String((await rows<{ id: string }>(`${sql} RETURNING id`, bindings))[0]?.id);

  const unique = randomUUID().slice(0, 8);
  const workspaceId = await one('INSERT INTO workspace (name) VALUES (?)', [`workspace ${unique}`]);
  await rows(`INSERT INTO resource_group (id, name) VALUES ('default', 'Default') ON CONFLICT DO NOTHING`);
  const dataSourceId = await one(
    `INSERT INTO data_source (workspace_id, name, type, instance, environment, config)
     VALUES (?, ?, 'postgresql', ?, 'production', '{"host": "db.example", "port": 5432, "user": "collector"}')`,
    [workspaceId, name, server],
  );
  const crawlerId = await one(
    `INSERT INTO crawler (workspace_id, data_source_id, resource_group_id, name) VALUES (?, ?, 'default', ?)`,
    [workspaceId, dataSourceId, name],
  );
  const collectedDatabaseId = await one(
    `INSERT INTO collected_database (crawler_id, data_source_id, workspace_id, source_type, instance, name)
     VALUES (?, ?, ?, 'postgresql', ?, ?)`,
    [crawlerId, dataSourceId, workspaceId, server, name],
  );
  const context: ActivityContext = {
    database,
    loadConnector: async () => source.connector(),
    secretKey: Buffer.alloc(32),
    searchIndex: undefined as never,
    log: pino({ level: 'silent' }),
    worker: { id: 'worker-1', host: 'localhost', addresses: [] },
  };
  const endRun = () =>
    rows(`UPDATE crawl_run SET status = 'succeeded' WHERE crawler_id = ? AND status = 'running'`, [crawlerId]);

  const catalog: CrawledCatalog = {
    database,
    crawlerId,
    workspaceId,
    collectedDatabaseId,
    context,
    rows,
    openRun: async () => {
      await endRun();
      const runId = randomUUID();
      await rows(
        `INSERT INTO crawl_run (id, crawler_id, workspace_id, trigger, status, started_at)
         VALUES (?, ?, ?, 'manual', 'running', now())`,
        [runId, crawlerId, workspaceId],
      );
      await rows(`INSERT INTO crawl_unit (run_id, unit, collected_database_id, database_name) VALUES (?, 1, ?, ?)`, [
        runId,
        collectedDatabaseId,
        name,
      ]);
      return { runId, unit: 1, database: name };
    },
    collect: (ref, attempt = 1) =>
      new MockActivityEnvironment({ attempt }).run(createCollectUnit(context), ref) as Promise<{
        tables: number;
        changed: number;
      }>,
    publish: (ref) => new MockActivityEnvironment().run(createPublishUnit(context), ref) as Promise<UnitCounts>,
    crawl: async () => {
      const ref = await catalog.openRun();
      await catalog.collect(ref);
      const counts = await catalog.publish(ref);
      await endRun();
      return { ...counts, runId: ref.runId };
    },
  };
  return catalog;
}

/** A table on the map, living or not, by the name it has. */
export interface MappedTable {
  id: string;
  guid: string;
  name: string;
  schema: string | null;
  comment: string | null;
  description: string | null;
  version: number;
  living: boolean;
  fingerprint: string | null;
  hash: string;
}

/** All tables of the catalog's database, by guid; a living one before tombstones of the same guid. */
export async function tablesOf(map: CrawledCatalog): Promise<Map<string, MappedTable>> {
  const rows = await map.rows<MappedTable>(
    `SELECT e.id, e.guid, e.name, e.schema_name AS schema, e.comment, a.description, e.version,
            e.removed_at IS NULL AS living, o.fingerprint, encode(e.hash, 'hex') AS hash
     FROM entity e
     LEFT JOIN source_object o ON o.entity_id = e.id
     LEFT JOIN annotation a ON a.entity_id = e.id AND a.column_name = ''
     WHERE e.collected_database_id = ? AND e.kind = 'table'
     ORDER BY e.removed_at DESC NULLS FIRST, e.id`,
    [map.collectedDatabaseId],
  );
  const tables = new Map<string, MappedTable>();
  for (const row of rows) if (!tables.has(row.guid)) tables.set(row.guid, row);
  return tables;
}

/** The one table of a name. */
export async function tableNamed(map: CrawledCatalog, name: string): Promise<MappedTable> {
  const found = [...(await tablesOf(map)).values()].filter((table) => table.name === name && table.living);
  if (found.length !== 1) throw new Error(`${found.length} living tables are named ${name}`);
  return found[0] as MappedTable;
}

/** Entities that search has been told of since last asked, by name. */
export async function takeOutbox(map: CrawledCatalog): Promise<string[]> {
  const rows = await map.rows<{ name: string }>(
    `WITH taken AS (DELETE FROM search_outbox WHERE crawler_id = ? RETURNING entity_id)
     SELECT e.name FROM taken JOIN entity e ON e.id = taken.entity_id ORDER BY e.name`,
    [map.crawlerId],
  );
  return rows.map(({ name }) => name);
}
