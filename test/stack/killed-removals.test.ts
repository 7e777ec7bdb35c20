import type { Knex } from 'knex';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { markDeleting } from '../../catalog/crawlers/write-crawlers.js';
import { getOperation } from '../../catalog/operations/read-operations.js';
import { query } from '../../db/query.js';
import { connectionTo } from '../connectors/postgresql/source.js';
import { emptyDatabase } from '../servers/test-database.js';
import { type MortalStack, type OwnCrawler, startMortalStack } from './mortal-stack.js';
import { runSql } from './run-sql.js';
import { mapAndSearch, type Shape, shapeOfMap } from './same-as-source.js';

/** Of each of two databases of the crawler to be deleted; it loses 2,000 entities in a batch. */
const SYNTHETIC = 3_000;
/** With the databases and their ten schemas. */
const ENTITIES = 2 * (SYNTHETIC + 11);
/** Of the database whose run is to be taken back, a thousand changes in a batch. */
const TABLES = 1_500;
const DROPPED = 50;

let stack: MortalStack;
let source: Awaited<ReturnType<typeof emptyDatabase>>;
let deleted: OwnCrawler;
let operationId: string;
let reverted: OwnCrawler;
let revert: string;
let before: Shape;
let after: Shape;

/** A deletion and a revert, both in the middle of a batch, not their first, when their worker is killed. */
beforeAll(async () => {
  stack = await startMortalStack();
  source = await emptyDatabase(inject('postgres'));
  await runSql(
    source.url,
    `DO $$ BEGIN FOR n IN 1..${TABLES} LOOP
       EXECUTE format('CREATE TABLE t_%s (id integer)', n);
     END LOOP; END $$`,
  );
  const first = await stack.startWorker({ synthetic: { tables: SYNTHETIC, pageMs: 0 } });
  deleted = await stack.crawler(['sales', 'shop']);
  await deleted.ended(await deleted.start());
  await first.end('SIGTERM');

  const worker = await stack.startWorker();
  reverted = await stack.crawler([source.name], connectionTo(source.url));
  await reverted.ended(await reverted.start());
  before = await shapeOfMap(stack.database, reverted.id, source.name);
  await runSql(
    source.url,
    `DO $$ BEGIN
       FOR n IN 1..${DROPPED} LOOP EXECUTE format('DROP TABLE t_%s', n); END LOOP;
       FOR n IN ${DROPPED + 1}..${TABLES} LOOP EXECUTE format('ALTER TABLE t_%s ADD COLUMN more text', n); END LOOP;
       FOR n IN 1..${DROPPED} LOOP EXECUTE format('CREATE TABLE u_%s (id integer)', n); END LOOP;
     END $$`,
  );
  const run = await reverted.start();
  expect(await reverted.ended(run)).toMatchObject({
    status: 'succeeded',
    counts: { added: DROPPED, changed: TABLES - DROPPED, removed: DROPPED },
  });
  after = await shapeOfMap(stack.database, reverted.id, source.name);

  const holds = [
    await hold(
      `SELECT max(e.id) FROM entity e
        WHERE e.collected_database_id = (SELECT max(id) FROM collected_database WHERE crawler_id = ?)`,
      deleted.id,
    ),
    await hold(`SELECT max(entity_id) FROM run_change WHERE run_id = ? AND change = 'changed'`, run),
  ];
  try {
    operationId = (await markDeleting(stack.database, deleted.id)).id;
    await stack.orchestrator.deleteCrawler({ crawlerId: deleted.id, crawlerName: deleted.name });
    revert = await reverted.start('revert', run);
    await vi.waitFor(
      async () => {
        expect((await getOperation(stack.database, operationId)).removed).toBeGreaterThan(0);
        expect(await place(revert)).toMatch(/^2:[1-9]/);
        expect(await waitingForLocks()).toBe(2);
      },
      { timeout: 30_000, interval: 50 },
    );
    await worker.end('SIGKILL');
  } finally {
    for (const held of holds) await held.rollback();
  }
  // What the killed worker's sessions had in work is thrown away.
  await vi.waitFor(async () => expect(await sessionsOfWorkers()).toBe(0), { timeout: 20_000, interval: 50 });
  expect((await getOperation(stack.database, operationId)).removed).toBeLessThan(ENTITIES);
  expect(await place(revert)).toMatch(/^2:[1-9]/);
  await stack.startWorker();
}, 180_000);
afterAll(async () => {
  await stack.stop();
  await source.drop();
});

/** Keeps whoever is to write the entity that a query gives waiting, until the transaction ends. */
async function hold(which: string, binding: string): Promise<Knex.Transaction> {
  const transaction = await stack.database.transaction();
  await transaction.raw(`SELECT 1 FROM entity WHERE id = (${which}) FOR UPDATE`, [binding]);
  return transaction;
}

const count = async (sql: string, bindings: string[] = []) => (await query(stack.database, sql, bindings)).length;
const waitingForLocks = () =>
  count(`SELECT 1 FROM pg_stat_activity WHERE application_name = 'datamap-worker' AND wait_event_type = 'Lock'`);
const sessionsOfWorkers = () => count(`SELECT 1 FROM pg_stat_activity WHERE application_name = 'datamap-worker'`);

/** The pass of a revert and the last entity that it took back in it. */
async function place(runId: string): Promise<string | null> {
  const [unit] = await query<{ cursor: string | null }>(
    stack.database,
    'SELECT cursor FROM crawl_unit WHERE run_id = ?',
    [runId],
  );
  return unit?.cursor ?? null;
}

it('a killed worker in the middle of a deletion: another goes on after the last batch, and nothing is left', async () => {
  const operation = await vi.waitFor(
    async () => {
      const operation = await getOperation(stack.database, operationId);
      expect(operation.endedAt).not.toBeNull();
      return operation;
    },
    { timeout: 60_000, interval: 200 },
  );
  expect(operation).toMatchObject({ status: 'done', removed: ENTITIES, error: null });
  expect(await count('SELECT 1 FROM crawler WHERE id = ?', [deleted.id])).toBe(0);
  for (const table of ['crawl_run', 'collected_database', 'search_outbox'])
    expect(await count(`SELECT 1 FROM ${table} WHERE crawler_id = ?`, [deleted.id]), table).toBe(0);
  expect(await mapAndSearch(stack.database, deleted.id)).toEqual({ map: [], search: [] });
}, 90_000);

it('a killed worker in the middle of a revert: another goes on after the last batch, and the map is as it was', async () => {
  expect(after).not.toEqual(before);
  expect(await reverted.ended(revert)).toMatchObject({
    status: 'succeeded',
    counts: { removed: DROPPED, changed: TABLES - DROPPED, restored: DROPPED },
  });
  expect(await shapeOfMap(stack.database, reverted.id, source.name)).toEqual(before);
  const twice = await query(
    stack.database,
    'SELECT entity_id FROM run_change WHERE run_id = ? GROUP BY 1 HAVING count(*) > 1',
    [revert],
  );
  expect(twice).toEqual([]);
  await vi.waitFor(
    async () => {
      const { map, search } = await mapAndSearch(stack.database, reverted.id);
      expect(search).toEqual(map);
    },
    { timeout: 30_000, interval: 500 },
  );
}, 90_000);
