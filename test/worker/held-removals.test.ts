import { Client } from '@temporalio/client';
import { DefaultLogger, type NativeConnection, Runtime } from '@temporalio/worker';
import pino from 'pino';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { decideHold } from '../../catalog/removals/decide-hold.js';
import { getHold, listHolds, unsettledHold } from '../../catalog/removals/read-holds.js';
import type { Database } from '../../db/database.js';
import type { Orchestrator } from '../../orchestrator/port.js';
import { createOrchestrator } from '../../orchestrator/temporal-orchestrator.js';
import { createSearchIndex } from '../../search/create-index.js';
import { type RunningWorker, startWorker } from '../../worker/start-worker.js';
import { CONTROL_QUEUE, heldRemovalsId, SEARCH_OUTBOX } from '../../workflows/contract.js';
import { type CrawledCatalog, crawledCatalog, tablesOf } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';
import { freshNamespace } from './fresh-namespace.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const log = pino({ level: 'silent' });

let database: Database;
let drop: () => Promise<void>;
let connection: NativeConnection;
let namespace: string;
let client: Client;
let orchestrator: Orchestrator;
let personId: string;
let worker: RunningWorker;

const startControl = () =>
  startWorker({
    connection,
    namespace,
    context: {
      database,
      loadConnector: async () => new SyntheticSource(0).connector(),
      secretKey: Buffer.alloc(32),
      searchIndex: createSearchIndex({ database }),
      log,
      worker: { id: 'w-1', host: 'here', addresses: [] },
    },
    roles: { control: true, groups: false },
    resourceGroups: undefined,
    log,
    workflows: { workflowBundle: { codePath: inject('workflowBundle') } },
  });

beforeAll(async () => {
  ({ database, drop } = await testDatabase());
  ({ namespace, connection } = await freshNamespace());
  client = new Client({ connection, namespace });
  orchestrator = createOrchestrator({ connection: { address: inject('temporal') }, namespace });
  const { rows } = await database.raw<{ rows: { id: string }[] }>(
    `INSERT INTO person (email, name, tenant_role) VALUES ('person@example.org', 'Person', 'admin') RETURNING id`,
  );
  personId = rows[0]?.id ?? '';
  worker = await startControl();
});
afterAll(async () => {
  await worker.stop();
  await orchestrator.close();
  await connection.close();
  await drop();
});

/** A map of 40 tables, 13 of which are held, and the hold. */
async function withHold(): Promise<{ map: CrawledCatalog; holdId: string }> {
  const source = new SyntheticSource(40);
  const map = await crawledCatalog(database, source);
  await map.crawl();
  for (let index = 0; index < 13; index += 1) source.drop(SyntheticSource.keyOf(index));
  await map.crawl();
  const { items } = await listHolds(database, {
    visible: 'everything',
    filters: { crawlerId: map.crawlerId },
    limit: 1,
  });
  return { map, holdId: items[0]?.id ?? '' };
}
/** What the schedule of each minute starts. */
const upkeep = () =>
  client.workflow.execute('drainSearchOutbox', {
    workflowId: SEARCH_OUTBOX,
    taskQueue: CONTROL_QUEUE,
    args: [],
  });
const livingCount = async (map: CrawledCatalog) =>
  [...(await tablesOf(map)).values()].filter(({ living }) => living).length;
const resultOf = (holdId: string) => client.workflow.getHandle(heldRemovalsId(holdId)).result();

test('the upkeep gives each hold its workflow; an approval has it done at once, and search follows', async () => {
  const { map, holdId } = await withHold();
  await upkeep();
  await upkeep();
  const handle = client.workflow.getHandle(heldRemovalsId(holdId));
  expect((await handle.describe()).status.name).toBe('RUNNING');
  await decideHold(database, holdId, { status: 'approved', personId });
  const hold = await unsettledHold(database, holdId);
  await orchestrator.settleHeldRemovals(hold as NonNullable<typeof hold>);
  expect(await handle.result()).toEqual({ removed: 13 });
  expect(await livingCount(map)).toBe(27);
  await upkeep();
  expect(await map.rows(`SELECT 1 FROM search_outbox WHERE crawler_id = ?`, [map.crawlerId])).toEqual([]);
});

test('a decision that the engine never heard of is done by the upkeep, also when the engine lost the workflow', async () => {
  const { map, holdId } = await withHold();
  await upkeep();
  await client.workflow.getHandle(heldRemovalsId(holdId)).terminate('as if it had been lost');
  await decideHold(database, holdId, { status: 'approved', personId });
  await upkeep();
  expect(await resultOf(holdId)).toEqual({ removed: 13 });
  expect(await livingCount(map)).toBe(27);
});

test('a hold expires though every worker was away when its time was over', async () => {
  const { map, holdId } = await withHold();
  await map.rows(`UPDATE held_removal SET expires_at = now() + interval '1500 milliseconds' WHERE id = ?`, [holdId]);
  await upkeep();
  await worker.stop();
  await vi.waitFor(
    async () =>
      expect(await map.rows(`SELECT 1 FROM held_removal WHERE id = ? AND expires_at < now()`, [holdId])).toHaveLength(
        1,
      ),
    { timeout: 10_000, interval: 100 },
  );
  expect((await getHold(database, holdId)).status).toBe('held');
  worker = await startControl();
  expect(await resultOf(holdId)).toEqual({ removed: 0 });
  expect(await getHold(database, holdId)).toMatchObject({ status: 'expired', tables: 13 });
  expect(await livingCount(map)).toBe(40);
});
