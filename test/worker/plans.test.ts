import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { discardPlan, dropOldPlans } from '../../catalog/plans/plan-state.js';
import { getPlan, listPlanChanges } from '../../catalog/plans/read-plan.js';
import { getRun, listRunUnits } from '../../catalog/runs/read-runs.js';
import { createSource, servers } from '../connectors/postgresql/source.js';
import { type PlannedCatalog, plansUnderTest } from './plans-under-test.js';

let stack: Awaited<ReturnType<typeof plansUnderTest>>;
beforeAll(async () => {
  stack = await plansUnderTest();
});
afterAll(() => stack.stop());

const [server] = servers;
if (server === undefined) throw new Error('The tests have no PostgreSQL to collect from');

async function shop() {
  const source = await createSource(server?.url ?? '');
  await source.client.query(`
    CREATE SCHEMA sales;
    CREATE TABLE sales.orders (id integer PRIMARY KEY, note text);
    CREATE TABLE sales.items (id integer PRIMARY KEY);
    CREATE TABLE sales.old (id integer);
    CREATE TABLE sales.same (id integer)`);
  return source;
}
const change = `
  ALTER TABLE sales.orders ADD COLUMN paid boolean NOT NULL DEFAULT false;
  ALTER TABLE sales.items RENAME TO goods;
  CREATE TABLE sales.invoices (id integer);
  CREATE SCHEMA stock;
  CREATE TABLE stock.bins (id integer);
  DROP TABLE sales.old`;

/** All that a publish may write, as one value. */
async function written({ rows, crawlerId, collectedDatabaseId, map }: PlannedCatalog, runId: string) {
  const [counts] = await rows(
    `SELECT (SELECT count(*) FROM search_outbox WHERE crawler_id = ?) AS outbox,
            (SELECT count(*) FROM run_change WHERE run_id = ?) AS changes,
            (SELECT count(*) FROM entity WHERE collected_database_id = ?) AS entities,
            (SELECT count(*) FROM entity_version v JOIN entity e ON e.id = v.entity_id
              WHERE e.collected_database_id = ?) AS versions`,
    [crawlerId, runId, collectedDatabaseId, collectedDatabaseId],
  );
  return { ...counts, map: await map() };
}

const staged = async ({ rows }: PlannedCatalog, runId: string) =>
  (await rows('SELECT 1 FROM staged_object WHERE run_id = ?', [runId])).length;

describe('a plan', () => {
  it('shows exactly what a run then does, writes nothing, and applied is that run', async () => {
    const source = await shop();
    try {
      const planning = await stack.crawlerOf(source);
      const direct = await stack.crawlerOf(source);
      await planning.run('manual');
      await direct.run('manual');
      await source.client.query(change);

      const before = await written(planning, '00000000-0000-0000-0000-000000000000');
      const plan = await planning.run('plan');
      expect(await written(planning, plan)).toEqual(before);
      expect(await getRun(stack.database, plan)).toMatchObject({ status: 'succeeded', trigger: 'plan' });
      expect(await getPlan(stack.database, plan)).toMatchObject({
        state: 'open',
        counts: { added: 2, changed: 2, removed: 1, restored: 0, held: 0 },
      });
      const changes = async (filter: { change?: 'removed' }) =>
        (await listPlanChanges(stack.database, plan, filter, { limit: 100 }, stack.database.raw('true'))).items;
      const planned = await changes({});
      const orders = planned.find(({ name }) => name === 'orders');
      expect(orders?.diff?.columns.added).toMatchObject([{ name: 'paid' }]);
      expect(await changes({ change: 'removed' })).toMatchObject([{ name: 'old', kind: 'table', diff: null }]);

      const collected = await direct.run('manual');
      const did = await direct.rows<{ change: string; kind: string; name: string }>(
        `SELECT r.change, e.kind, e.name FROM run_change r JOIN entity e ON e.id = r.entity_id WHERE r.run_id = ?`,
        [collected],
      );
      const inWords = (changes: readonly { change: string; kind: string; name: string }[]) =>
        changes.map((one) => `${one.change} ${one.kind} ${one.name}`).sort();
      expect(inWords(planned)).toEqual(inWords(did));

      const applied = await planning.run('apply', plan);
      expect(await getRun(stack.database, applied)).toMatchObject({
        status: 'succeeded',
        ofRun: { id: plan },
        counts: { added: 2, changed: 2, removed: 1 },
      });
      expect(await planning.map()).toEqual(await direct.map());
      expect(await getPlan(stack.database, plan)).toMatchObject({ state: 'applied', appliedRunId: applied });
      expect(await staged(planning, plan)).toBe(0);
      // The run that follows finds nothing to do: fingerprints were taken over too.
      const next = await planning.run('manual');
      expect(await getRun(stack.database, next)).toMatchObject({ counts: { added: 0, changed: 0, removed: 0 } });
    } finally {
      await source.drop();
    }
  });

  it('fails as outdated and leaves the map alone when the source has moved', async () => {
    const source = await shop();
    try {
      const catalog = await stack.crawlerOf(source);
      await catalog.run('manual');
      await source.client.query(change);
      const plan = await catalog.run('plan');
      await source.client.query('CREATE TABLE sales.late (id integer); DROP TABLE sales.same');
      const before = await catalog.map();
      const applied = await catalog.run('apply', plan);
      expect(await getRun(stack.database, applied)).toMatchObject({
        status: 'failed',
        error: { code: 'PLAN_OUTDATED' },
      });
      const [unit] = (await listRunUnits(stack.database, applied, { limit: 10 })).items;
      expect(unit?.error?.message).toContain('2 tables of the source moved');
      expect(unit?.error?.remedy).toContain('Plan again');
      expect(await catalog.map()).toEqual(before);
      expect(await getPlan(stack.database, plan)).toMatchObject({ state: 'outdated' });
      expect(await staged(catalog, plan)).toBe(0);
    } finally {
      await source.drop();
    }
  });

  it('is outdated by a run that publishes the database, and by a later plan', async () => {
    const source = await shop();
    try {
      const catalog = await stack.crawlerOf(source);
      await catalog.run('manual');
      await source.client.query(change);
      const first = await catalog.run('plan');
      const second = await catalog.run('plan');
      expect(await getPlan(stack.database, first)).toMatchObject({ state: 'outdated' });
      expect(await staged(catalog, first)).toBe(0);
      await catalog.run('manual');
      const before = await catalog.map();
      const applied = await catalog.run('apply', second);
      expect((await getRun(stack.database, applied)).error).toMatchObject({ code: 'PLAN_OUTDATED' });
      expect(await catalog.map()).toEqual(before);
    } finally {
      await source.drop();
    }
  });

  it('is gone when it was discarded or nobody applied it for days, and is not applied then', async () => {
    const source = await shop();
    try {
      const catalog = await stack.crawlerOf(source);
      const discarded = await catalog.run('plan');
      await discardPlan(stack.database, discarded);
      await expect(discardPlan(stack.database, discarded)).rejects.toMatchObject({ code: 'PLAN_NOT_OPEN' });
      const applied = await catalog.run('apply', discarded);
      expect((await getRun(stack.database, applied)).error).toMatchObject({ code: 'PLAN_NOT_OPEN' });
      expect(await catalog.map()).toEqual([]);

      const old = await catalog.run('plan');
      expect(await staged(catalog, old)).toBeGreaterThan(0);
      await catalog.rows(`UPDATE crawl_plan SET created_at = now() - interval '8 days' WHERE run_id = ?`, [old]);
      await dropOldPlans(stack.database, 7);
      expect(await getPlan(stack.database, old)).toMatchObject({ state: 'outdated' });
      expect(await staged(catalog, old)).toBe(0);
    } finally {
      await source.drop();
    }
  });
});
