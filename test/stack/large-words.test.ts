import { temporal } from '@temporalio/proto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ConnectorError } from '../../connectors/contract.js';
import { crawlId } from '../../workflows/contract.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { startWholeProduct, type WholeProduct } from './whole-product.js';

/** What no workflow's history may hold: the engine refuses payloads of 2 MB, and would have the step repeated for ever. */
const LARGE = 3_000_000;
const TABLES = 3_000;
/** Bytes of history of a run of a few databases. */
const SMALL = 64 * 1024;

let product: WholeProduct;
beforeAll(async () => {
  product = await startWholeProduct();
});
afterAll(() => product.stop());

/** Bytes of what the engine has of the crawler's last run, once that is over. */
async function historyOf(crawlerId: string): Promise<number> {
  const handle = product.client.workflow.getHandle(crawlId(crawlerId));
  await handle.result().catch(() => undefined);
  return temporal.api.history.v1.History.encode(await handle.fetchHistory()).finish().length;
}

it('a source of large comments, with a problem in each table: history stays small, and the run names every problem', async () => {
  const { id } = await product.makeCrawler(0);
  const source = new SyntheticSource(TABLES);
  source.edit(SyntheticSource.keyOf(0), { comment: 'c'.repeat(LARGE) });
  source.problems = Array.from({ length: TABLES }, (_, index) => {
    const { schema, name } = source.get(SyntheticSource.keyOf(index));
    return { schema, name, code: 'VIEW_INVALID', message: `It is broken: ${'x'.repeat(1_500)}`, remedy: 'Mend it.' };
  });
  product.connector = {
    ...source.connector(),
    listDatabases: async () => [{ name: 'shop' }, { name: 'sales', unavailable: `u${'n'.repeat(LARGE)}` }],
  };
  const run = await product.runToItsEnd(id);
  expect(run).toMatchObject({ status: 'partial', counts: { added: TABLES } });
  expect(run.error.message).toMatch(/^1 of 2 databases failed\. sales: The database sales cannot be opened: unn/);
  const problems = await product.rows('SELECT 1 FROM crawl_problem WHERE run_id = ?', run.id);
  expect(problems.length).toBeGreaterThanOrEqual(TABLES);
  expect(await historyOf(id)).toBeLessThan(SMALL);
});

it('a driver’s error of megabytes: history stays small, and the run says how it begins', async () => {
  const { id } = await product.makeCrawler(10);
  const usual = product.connector;
  product.connector = {
    ...usual,
    openDatabase: async (connection, name, options) => {
      if (name === 'shop') return usual.openDatabase(connection, name, options);
      throw new ConnectorError('PERMISSION_DENIED', `refused: ${'m'.repeat(LARGE)}`, `Grant ${'r'.repeat(LARGE)}`);
    },
  };
  const run = await product.runToItsEnd(id);
  expect(run).toMatchObject({ status: 'partial', counts: { added: 10 }, error: { code: 'PERMISSION_DENIED' } });
  expect(run.error.message).toMatch(/^1 of 2 databases failed\. sales: refused: mm/);
  expect(run.error.remedy).toMatch(/^Grant rr/);
  expect(await historyOf(id)).toBeLessThan(SMALL);
});

it('a listing that fails with megabytes: the run fails, and its history and its row stay small', async () => {
  const { id } = await product.makeCrawler(10);
  product.connector = {
    ...product.connector,
    listDatabases: async () => {
      throw new ConnectorError('BAD_CREDENTIALS', `refused: ${'m'.repeat(LARGE)}`, `Correct ${'r'.repeat(LARGE)}`);
    },
  };
  const run = await product.runToItsEnd(id);
  expect(run).toMatchObject({ status: 'failed', error: { code: 'BAD_CREDENTIALS' } });
  expect(JSON.stringify(run).length).toBeLessThan(SMALL);
  expect(await historyOf(id)).toBeLessThan(SMALL);
});
