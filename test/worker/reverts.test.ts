import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { previewRevert } from '../../catalog/revert/preview-revert.js';
import { listProblems } from '../../catalog/runs/problems.js';
import { getRun } from '../../catalog/runs/read-runs.js';
import { crawlId } from '../../workflows/contract.js';
import { createSource, servers } from '../connectors/postgresql/source.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { type PlannedCatalog, plansUnderTest } from './plans-under-test.js';

let stack: Awaited<ReturnType<typeof plansUnderTest>>;
beforeAll(async () => {
  stack = await plansUnderTest();
});
afterAll(() => stack.stop());

const url = servers[0]?.url ?? '';

async function shop() {
  const source = await createSource(url);
  await source.client.query(`
    CREATE SCHEMA sales;
    CREATE TABLE sales.orders (id integer PRIMARY KEY, note text);
    CREATE TABLE sales.items (id integer PRIMARY KEY);
    CREATE TABLE sales.left (id integer);
    CREATE TABLE sales.right (id text);
    CREATE TABLE sales.old (id integer)`);
  return source;
}

/** Names of tables that search knows of the crawler. */
const searched = async ({ rows, collectedDatabaseId }: PlannedCatalog) =>
  (
    await rows<{ name: string }>(
      `SELECT e.name FROM search_document s JOIN entity e ON e.id::text = s.id
        WHERE e.collected_database_id = ? AND e.kind = 'table' ORDER BY e.name`,
      [collectedDatabaseId],
    )
  ).map(({ name }) => name);

describe('a revert', () => {
  it('takes back what a run added, changed, renamed and removed, and search follows', async () => {
    const source = await shop();
    try {
      const catalog = await stack.crawlerOf(source);
      await catalog.run('manual');
      const [before, found] = [await catalog.map(), await searched(catalog)];
      await source.client.query(`
        ALTER TABLE sales.orders ADD COLUMN paid boolean;
        ALTER TABLE sales.items RENAME TO goods;
        ALTER TABLE sales.left RENAME TO middle;
        ALTER TABLE sales.right RENAME TO "left";
        ALTER TABLE sales.middle RENAME TO "right";
        COMMENT ON TABLE sales.goods IS 'What is sold';
        CREATE SCHEMA stock;
        CREATE TABLE stock.bins (id integer);
        DROP TABLE sales.old`);
      const run = await catalog.run('manual');
      const after = await catalog.map();
      expect(after).not.toEqual(before);
      expect(await previewRevert(stack.database, run)).toMatchObject({
        remove: 2,
        change: 4,
        restore: 1,
        changedAgain: 0,
      });

      const revert = await catalog.run('revert', run);
      expect(await getRun(stack.database, revert)).toMatchObject({
        status: 'succeeded',
        ofRun: { id: run },
        counts: { removed: 1, changed: 4, restored: 1 },
      });
      expect(await catalog.map()).toEqual(before);
      expect(await searched(catalog)).toEqual(found);
      expect(await previewRevert(stack.database, run)).toMatchObject({ remove: 0, change: 0, restore: 0 });

      // The source has not changed: the next crawl collects it anew.
      await catalog.run('manual');
      expect(await catalog.map()).toEqual(after);
    } finally {
      await source.drop();
    }
  });

  it('leaves alone what was changed again since, and says so', async () => {
    const source = await shop();
    try {
      const catalog = await stack.crawlerOf(source);
      await catalog.run('manual');
      await source.client.query('ALTER TABLE sales.orders ADD COLUMN a int; ALTER TABLE sales.items ADD COLUMN a int');
      const run = await catalog.run('manual');
      await source.client.query('ALTER TABLE sales.orders ADD COLUMN b int');
      await catalog.run('manual');
      expect(await previewRevert(stack.database, run)).toMatchObject({ change: 1, changedAgain: 1 });
      const revert = await catalog.run('revert', run);
      expect(await getRun(stack.database, revert)).toMatchObject({ status: 'partial', counts: { changed: 1 } });
      expect((await listProblems(stack.database, revert, { limit: 10 })).items).toMatchObject([
        { code: 'CHANGED_AGAIN', schema: 'sales', name: 'orders', level: 'error' },
      ]);
      const columns = (await catalog.map()).filter(({ name }) => name === 'orders' || name === 'items');
      expect(columns).toMatchObject([{ column_count: 1 }, { column_count: 4 }]);
    } finally {
      await source.drop();
    }
  });

  it('goes on after its last batch when it is broken off in the middle', async () => {
    const source = new SyntheticSource(2_500);
    const catalog = await stack.crawler(source.connector());
    const run = await catalog.run('manual');
    expect(await getRun(stack.database, run)).toMatchObject({ counts: { added: 2_500 } });
    // Somebody holds a table of the second batch, so that the step is in the middle when its connection dies.
    const held = await stack.database.transaction();
    await held.raw(
      `SELECT 1 FROM entity
        WHERE id = (SELECT id FROM entity WHERE collected_database_id = ? AND kind = 'table' ORDER BY id OFFSET 1500 LIMIT 1)
          FOR UPDATE`,
      [catalog.collectedDatabaseId],
    );
    const revert = await catalog.start('revert', run);
    const waiting = async () => {
      const rows = await catalog.rows<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%removed_run_id%'`,
      );
      expect(rows).toHaveLength(1);
      return rows[0]?.pid;
    };
    const pid = await vi.waitFor(waiting, { timeout: 20_000 });
    const [unit] = await catalog.rows<{ cursor: string }>('SELECT cursor FROM crawl_unit WHERE run_id = ?', [revert]);
    expect(unit?.cursor).toMatch(/^0:/);
    await catalog.rows('SELECT pg_terminate_backend(?)', [pid ?? 0]);
    await held.rollback();
    await stack.client.workflow.getHandle(crawlId(catalog.crawlerId)).result();
    expect(await getRun(stack.database, revert)).toMatchObject({ status: 'succeeded', counts: { removed: 2_500 } });
    expect((await catalog.map()).filter(({ kind }) => kind === 'table')).toEqual([]);
    const changes = await catalog.rows(`SELECT 1 FROM run_change WHERE run_id = ? AND change = 'removed'`, [revert]);
    expect(changes.length).toBeGreaterThanOrEqual(2_500);
  });
});
