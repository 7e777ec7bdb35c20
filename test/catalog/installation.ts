import { randomUUID } from 'node:crypto';
import { expect, vi } from 'vitest';
import { z } from 'zod';
import { ensureFirstAdmin } from '../../access/first-admin.js';
import type { Plan } from '../../catalog/crawlers/plan.js';
import type { CrawlerDetail } from '../../catalog/crawlers/read-crawlers.js';
import { createCrawler } from '../../catalog/crawlers/write-crawlers.js';
import { type OpenedRun, openRun } from '../../catalog/runs/open-run.js';
import type { DataSource, SourceType } from '../../catalog/sources/data-source.js';
import { createSource } from '../../catalog/sources/write-sources.js';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

export const secretKey = Buffer.alloc(32, 7);

/** A source type of the tests' own, so that no connector's rules decide what they see. */
export const shopType: SourceType = {
  type: 'shopdb',
  secrets: ['password', 'clientKey'],
  configSchema: z.strictObject({
    host: z.string().min(1),
    port: z.int().default(9_000),
    user: z.string().optional(),
  }),
};

/** An installation with an administrator, a workspace and a resource group, and ways to add to it. */
export async function installation(database: Database) {
  const { personId, workspaceId } = await ensureFirstAdmin(database, { email: 'admin@example.org', name: 'Admin' });
  let sources = 0;
  const addSource = (
    source: Partial<Parameters<typeof createSource>[2]> & { workspaceId?: string } = {},
  ): Promise<DataSource> => {
    sources += 1;
    return createSource(
      database,
      { secretKey, type: shopType },
      {
        workspaceId,
        name: `source ${sources} ${randomUUID()}`,
        environment: 'production',
        config: { host: `db${sources}-${randomUUID()}.example.org` },
        ...source,
      },
    );
  };
  const addCrawler = async (
    crawler: { databases?: string[]; plan?: Plan; name?: string; source?: DataSource; groupId?: string } = {},
  ): Promise<CrawlerDetail> => {
    const source = crawler.source ?? (await addSource());
    return createCrawler(database, {
      workspaceId: source.workspaceId,
      dataSourceId: source.id,
      resourceGroupId: crawler.groupId ?? 'default',
      databases: crawler.databases ?? ['shop'],
      plan: crawler.plan ?? { mode: 'manual' },
      ...(crawler.name === undefined ? {} : { name: crawler.name }),
    });
  };
  const open = (crawlerId: string, runId: string = randomUUID()): Promise<OpenedRun> =>
    openRun(database, {
      runId,
      crawlerId,
      trigger: 'manual',
      workflowRunId: randomUUID(),
      workflowId: `crawl:${crawlerId}`,
    });
  return { personId, workspaceId, addSource, addCrawler, open };
}

/** Puts tables of a database on the map, as a crawl would, with so many columns each. */
export async function putTables(
  database: Database,
  collectedDatabaseId: string,
  tables: { name: string; columns: number; partitions?: number }[],
): Promise<void> {
  for (const table of tables) {
    const [entity] = await query<{ id: string }>(
      database,
      `INSERT INTO entity (guid, kind, type, collected_database_id, name, column_count, hash, partition_hash, changed_run_id)
       VALUES (:guid, 'table', 'TABLE', :database, :name, :columns, '\\x00', CASE WHEN :partitions > 0 THEN '\\x00'::bytea END,
               gen_random_uuid())
       RETURNING id`,
      {
        guid: randomUUID(),
        database: collectedDatabaseId,
        name: table.name,
        columns: table.columns,
        partitions: table.partitions ?? 0,
      },
    );
    await query(
      database,
      `INSERT INTO table_partition (entity_id, name) SELECT :id, 'p' || n FROM generate_series(1, :partitions) AS n`,
      { id: entity?.id ?? null, partitions: table.partitions ?? 0 },
    );
  }
}

/** How many statements of this database wait for a lock. */
export async function waitingForLocks(database: Database): Promise<number> {
  const [row] = await query<{ waiting: number }>(
    database,
    `SELECT count(*)::int AS waiting FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return row?.waiting ?? 0;
}

/**
 * Makes requests meet: all of them come to the rows that `lock` selects while those are held, and are let go together.
 * Left to chance, the first is often done before the second has its connection.
 */
export async function atOnce<T>(
  database: Database,
  lock: { sql: string; bindings: string[] },
  requests: readonly (() => Promise<T>)[],
): Promise<PromiseSettledResult<T>[]> {
  const held = await database.transaction();
  await query(held, lock.sql, lock.bindings);
  const settled = Promise.allSettled(requests.map((request) => request()));
  await vi.waitFor(async () => expect(await waitingForLocks(database)).toBe(requests.length), { timeout: 10_000 });
  await held.rollback();
  return settled;
}
