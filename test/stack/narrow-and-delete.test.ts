import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { deleteCrawlerId, scheduleId } from '../../workflows/contract.js';
import { startWholeProduct, type WholeProduct } from './whole-product.js';

let product: WholeProduct;
beforeAll(async () => {
  product = await startWholeProduct();
});
afterAll(() => product.stop());

/** For what takes a moment, on a machine that is busy. */
const PATIENT = { timeout: 20_000, interval: 50 };

const call: WholeProduct['call'] = (...request) => product.call(...request);
const rows: WholeProduct['rows'] = (sql, ...bindings) => product.rows(sql, ...bindings);

async function narrow(id: string, databases: string[]) {
  const { headers } = await call('GET', `/crawlers/${id}`);
  return call('PATCH', `/crawlers/${id}`, { databases }, { 'if-match': headers.get('etag') ?? '' });
}

const ended = (operationId: string, timeout: number) =>
  vi.waitFor(
    async () => {
      const { body } = await call('GET', `/operations/${operationId}`);
      expect(body.endedAt).not.toBeNull();
      return body;
    },
    { timeout, interval: 50 },
  );
const documents = async (crawlerId: string) =>
  (await rows(`SELECT 1 FROM search_document WHERE document ->> 'crawlerId' = ?`, crawlerId)).length;

/** Keeps whoever takes a table of the crawler's last database off the map waiting, until the transaction ends. */
async function holdLastDatabase(crawlerId: string) {
  const transaction = await product.api.database.transaction();
  await transaction.raw(
    `SELECT 1 FROM entity
      WHERE id = (SELECT max(e.id) FROM entity e
                   WHERE e.collected_database_id = (SELECT max(id) FROM collected_database WHERE crawler_id = ?))
      FOR UPDATE`,
    [crawlerId],
  );
  return transaction;
}

/** Nothing of a crawler is left but its operations. */
async function expectGone(id: string): Promise<void> {
  for (const table of ['crawl_run', 'collected_database', 'search_outbox'])
    expect(await rows(`SELECT 1 FROM ${table} WHERE crawler_id = ?`, id), table).toEqual([]);
  expect(await rows('SELECT 1 FROM crawler WHERE id = ?', id)).toEqual([]);
  expect(await documents(id)).toBe(0);
  await expect(product.client.schedule.getHandle(scheduleId(id)).describe()).rejects.toThrow();
}

describe('a narrowed scope', () => {
  it('says first what leaves, takes it off the map and out of search in seconds, and gives it back as it was', async () => {
    const { id } = await product.makeCrawler(3_000);
    await product.runToItsEnd(id);
    const all = await documents(id);
    const preview = await call('POST', `/crawlers/${id}/scope-preview`, { databases: ['shop', 'new'] });
    expect(preview.body).toMatchObject({
      added: ['new'],
      leaving: { tables: 3_000, schemas: 10, databases: [{ name: 'sales', tables: 3_000 }] },
    });
    const answer = await narrow(id, ['shop']);
    expect(answer).toMatchObject({
      status: 202,
      body: { operation: { kind: 'narrow_scope', removes: preview.body.leaving } },
    });
    const sales = answer.body.scope.find(({ name }: { name: string }) => name === 'sales').id;
    const shown = await product.api.call('GET', `/entities?kind=table&databaseId=${sales}&limit=1`, {
      as: product.people.tenantAdmin,
    });
    expect(shown.body.items, shown.text).toEqual([]);
    const operation = await ended(answer.body.operation.id, 15_000);
    expect(operation).toMatchObject({ status: 'done', removed: 3_011, error: null });
    const searchTook = Date.parse(operation.endedAt) - Date.parse(operation.clearedAt);
    console.info(`out of search ${searchTook} ms after the last batch`);
    expect(searchTook).toBeLessThan(10_000);
    expect(await documents(id)).toBe(all / 2);

    expect((await narrow(id, ['sales', 'shop'])).status).toBe(200);
    await product.runToItsEnd(id);
    expect(await documents(id)).toBe(all);
    const changes = await rows<{ change: string; n: number }>(
      `SELECT c.change, count(*)::int AS n FROM run_change c JOIN crawl_run r ON r.id = c.run_id
        WHERE r.crawler_id = ? AND r.number = (SELECT max(number) FROM crawl_run WHERE crawler_id = r.crawler_id)
        GROUP BY 1`,
      id,
    );
    expect(changes).toEqual([{ change: 'restored', n: 3_011 }]);
  }, 90_000);

  it('stops only the databases that leave of a run that is open, which ends by itself with the rest', async () => {
    const { id } = await product.makeCrawler(50);
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const usual = product.connector;
    product.connector = {
      ...usual,
      openDatabase: async (...args) => {
        await held;
        return usual.openDatabase(...args);
      },
    };
    const { body: run } = await call('POST', `/crawlers/${id}/runs`, {});
    try {
      await vi.waitFor(async () => {
        const collecting = `SELECT 1 FROM crawl_unit WHERE run_id = ? AND status = 'collecting'`;
        expect(await rows(collecting, run.runId)).toHaveLength(2);
      }, PATIENT);
      const answer = await narrow(id, ['shop']);
      expect(answer).toMatchObject({ status: 202, body: { appliesFrom: 'next run', openRun: { id: run.runId } } });
      await ended(answer.body.operation.id, 20_000);
    } finally {
      // Whatever failed: a worker with a step that never ends could not be stopped by the tests after this one.
      go();
    }
    await vi.waitFor(
      async () => expect((await call('GET', `/runs/${run.runId}`)).body.status).toBe('partial'),
      PATIENT,
    );
    expect(
      await rows(
        `SELECT d.name, count(*)::int AS n FROM entity e JOIN collected_database d
      ON d.id = e.collected_database_id WHERE d.crawler_id = ? AND e.kind = 'table' GROUP BY 1`,
        id,
      ),
    ).toEqual([{ name: 'shop', n: 50 }]);
    expect((await call('GET', `/crawlers/${id}`)).body).toMatchObject({ appliesFrom: 'now', operation: null });
  });
});

describe('a deleted crawler', () => {
  it('goes though the worker is stopped in the middle, however often it is asked for, and can be collected again', async () => {
    const { id, dataSourceId } = await product.makeCrawler(9_000);
    await product.runToItsEnd(id);
    const last = await holdLastDatabase(id);
    const answer = await call('DELETE', `/crawlers/${id}`);
    expect(answer).toMatchObject({ status: 202, body: { removes: { tables: 18_000 } } });
    const operationId: string = answer.body.id;
    const removed = async () => (await call('GET', `/operations/${operationId}`)).body.removed;
    await vi.waitFor(async () => expect(await removed()).toBeGreaterThan(0), PATIENT);
    const stopping = product.stopWorker();
    expect(await call('DELETE', `/crawlers/${id}`)).toMatchObject({ status: 202, body: { id: operationId } });
    // Until the worker has told its steps to end: the one at work is then in the middle of a batch.
    await delay(1_500);
    await last.rollback();
    const released = Date.now();
    await stopping;
    // Neither of the two steps, on the map and in search, keeps a worker from ending.
    expect(Date.now() - released).toBeLessThan(10_000);
    const middle = await removed();
    console.info(`${middle} of 18,022 were gone when the worker was`);
    await product.newWorker();
    expect(await ended(operationId, 30_000)).toMatchObject({ status: 'done', removed: 18_022 });
    await expectGone(id);
    expect((await call('DELETE', `/crawlers/${id}`)).status).toBe(404);
    expect((await product.client.workflow.getHandle(deleteCrawlerId(id)).describe()).status.name).toBe('COMPLETED');

    const heir = await product.crawlerOf(dataSourceId);
    await product.runToItsEnd(heir);
    const [run] = (await call('GET', `/runs?crawlerId=${heir}`)).body.items;
    expect(run.counts).toMatchObject({ added: 0, restored: 18_000 });
  }, 180_000);
});
