import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Actor } from '../../access/actor.js';
import { createPerson } from '../../access/people.js';
import { planRefresh } from '../../api/plan-refresh.js';
import { createRefresh, getRefresh } from '../../catalog/refresh/refreshes.js';
import { tableRefreshId } from '../../workflows/contract.js';
import { createSource, type Source, servers } from '../connectors/postgresql/source.js';
import { type PlannedCatalog, plansUnderTest } from './plans-under-test.js';

let stack: Awaited<ReturnType<typeof plansUnderTest>>;
let source: Source;
let catalog: PlannedCatalog;
let actor: Actor;

beforeAll(async () => {
  stack = await plansUnderTest();
  source = await createSource(servers[0]?.url ?? '');
  await source.client.query(`
    CREATE SCHEMA sales;
    CREATE TABLE sales.orders (id int);
    CREATE TABLE sales.same (id int);
    CREATE TABLE sales.old (id int);
    CREATE TABLE sales.remade (id int);
    CREATE TABLE sales.other (id int)`);
  catalog = await stack.crawlerOf(source);
  await catalog.run('manual');
  const person = await createPerson(stack.database, {
    email: `${randomUUID()}@example.com`,
    name: 'Ann',
    tenantRole: 'member',
  });
  const [workspace] = await catalog.rows<{ id: string }>(
    'SELECT workspace_id AS id FROM collected_database WHERE id = ?',
    [catalog.collectedDatabaseId],
  );
  actor = {
    personId: person.id,
    email: person.email,
    name: 'Ann',
    tenantRole: 'member',
    workspaces: new Map([[workspace?.id ?? '', 'developer']]),
    workspaceNames: new Map(),
  };
});
afterAll(async () => {
  await source.drop();
  await stack.stop();
});

async function begin(tables: string[]) {
  const refreshId = randomUUID();
  const { items, crawlers } = await planRefresh(stack.database, actor, tables);
  await createRefresh(stack.database, { refreshId, requestedBy: actor.personId, items });
  if (crawlers.length > 0) await stack.orchestrator.startRefresh({ refreshId, requestedBy: actor.personId, crawlers });
  return refreshId;
}
const read = (refreshId: string) => getRefresh(stack.database, refreshId, actor.personId);
async function refresh(...tables: string[]) {
  const refreshId = await begin(tables);
  await expect.poll(async () => (await read(refreshId)).status, { timeout: 20_000 }).toBe('done');
  return (await read(refreshId)).items;
}
const outcomes = async (...tables: string[]) => (await refresh(...tables)).map(({ outcome }) => outcome);
const idOf = async (name: string) =>
  (await catalog.rows<{ id: string }>(`SELECT id FROM entity WHERE name = ? AND removed_at IS NULL`, [name]))[0]?.id;

it('reads named tables alone, tells of each, and is in search soon after', async () => {
  const [same, remade] = [await idOf('same'), await idOf('remade')];
  await source.client.query(`
    ALTER TABLE sales.orders ADD COLUMN paid boolean;
    ALTER TABLE sales.other ADD COLUMN unseen int;
    CREATE TABLE sales.fresh_invoices (id int);
    CREATE SCHEMA stock;
    CREATE TABLE stock.bins (id int);
    DROP TABLE sales.old;
    DROP TABLE sales.remade;
    CREATE TABLE sales.remade (id int, again int)`);
  const started = performance.now();
  const items = await refresh(
    'orders',
    'sales.same',
    'shop.sales.fresh_invoices',
    'shop.stock.bins',
    'old',
    'shop.sales.remade',
    'shop.sales.never',
    'nothing',
    'elsewhere.a.b',
  );
  expect(performance.now() - started).toBeLessThan(20_000);
  expect(items.map(({ asked, outcome, detail }) => [asked, outcome, detail.change])).toEqual([
    ['orders', 'refreshed', 'changed'],
    ['sales.same', 'unchanged', undefined],
    ['shop.sales.fresh_invoices', 'refreshed', 'added'],
    ['shop.stock.bins', 'refreshed', 'added'],
    ['old', 'gone', 'removed'],
    ['shop.sales.remade', 'refreshed', 'changed'],
    ['shop.sales.never', 'not-found', undefined],
    ['nothing', 'not-visible', undefined],
    ['elsewhere.a.b', 'out-of-scope', undefined],
  ]);
  expect(await catalog.rows(`SELECT 1 FROM search_outbox`)).toEqual([]);
  expect(items.map(({ entityId }) => entityId)).toEqual(expect.arrayContaining([same, await idOf('fresh_invoices')]));
  expect(await idOf('remade')).toBe(remade);
  expect(await idOf('old')).toBeUndefined();
  const [other] = await catalog.rows<{ columns: number }>(
    `SELECT column_count AS columns FROM entity WHERE name = 'other'`,
  );
  expect(other?.columns).toBe(1);
});

it('leaves a map that the next crawl finds nothing wrong with, and that it reads no less of', async () => {
  await catalog.run('manual');
  const again = await stack.crawlerOf(source);
  await again.run('manual');
  expect(await catalog.map()).toEqual(await again.map());
});

it('takes nothing off the map that another account may only not see, nor tells the next crawl that it is the same', async () => {
  await source.client.query('DROP TABLE sales.other');
  await catalog.rows(`UPDATE collected_database SET read_as = 'somebody else' WHERE id = ?`, [
    catalog.collectedDatabaseId,
  ]);
  expect(await outcomes('sales.other', 'sales.orders')).toEqual(['not-proved', 'unchanged']);
  const [database] = await catalog.rows<{ read_as: string }>('SELECT read_as FROM collected_database WHERE id = ?', [
    catalog.collectedDatabaseId,
  ]);
  expect(database?.read_as).toBe('somebody else');
  await catalog.rows(`UPDATE collected_database SET read_as = NULL WHERE id = ?`, [catalog.collectedDatabaseId]);
  expect(await outcomes('sales.other')).toEqual(['gone']);
});

it('names what an ambiguous name may mean, at the source too', async () => {
  await source.client.query(
    'CREATE TABLE stock.orders (id int); CREATE TABLE stock.twice (id int); CREATE TABLE sales.twice (id int)',
  );
  await refresh('shop.stock.orders');
  const [known, atSource] = await refresh('orders', 'shop.twice');
  expect(known).toMatchObject({
    outcome: 'ambiguous',
    detail: { candidates: ['shop.sales.orders', 'shop.stock.orders'] },
  });
  expect(atSource).toMatchObject({ outcome: 'ambiguous', detail: { candidates: ['sales.twice', 'stock.twice'] } });
});

it('waits for the run that is open', async () => {
  const runId = await catalog.start('manual');
  const refreshId = await begin(['sales.orders']);
  await stack.client.workflow.getHandle(tableRefreshId(refreshId)).result();
  expect((await read(refreshId)).items[0]?.outcome).toBe('unchanged');
  const runs = await catalog.rows<{ id: string; trigger: string; status: string }>(
    `SELECT id, trigger, status FROM crawl_run WHERE crawler_id = ? ORDER BY number DESC LIMIT 2`,
    [catalog.crawlerId],
  );
  expect(runs).toMatchObject([
    { trigger: 'refresh', status: 'succeeded' },
    { id: runId, status: 'succeeded' },
  ]);
});
