import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runEvent } from '../lineage/told-events.js';
import { OPENLINEAGE_PYTHON } from '../servers/start-all.js';
import { startWholeProduct, type WholeProduct } from './whole-product.js';

const SOON = { timeout: 30_000, interval: 100 };

let product: WholeProduct;
/** The namespace of the server that was collected, and a table's entity by its name. */
let namespace: string;
let idOf: (name: string) => string;
beforeAll(async () => {
  product = await startWholeProduct();
  const { id } = await product.makeCrawler(3);
  await product.runToItsEnd(id);
  const [source] = await product.rows<{ instance: string }>('SELECT instance FROM data_source');
  namespace = `postgres://${source?.instance}`;
  const tables = await product.rows<{ id: string; name: string }>(
    `SELECT e.id, e.name FROM entity e JOIN collected_database d ON d.id = e.collected_database_id
     WHERE e.kind = 'table' AND d.name = 'shop'`,
  );
  idOf = (name) => tables.find((table) => table.name === name)?.id ?? '';
});
afterAll(() => product.stop());

const lineage = async (name: string, query = '') =>
  (await product.call('GET', `/entities/${idOf(name)}/lineage?level=column&${query}`)).body;
const waiting = async () => (await product.rows(`SELECT FROM lineage_event WHERE folded_at IS NULL`)).length;

describe.skipIf(!existsSync(OPENLINEAGE_PYTHON))("OpenLineage's client for Python (npm run test:servers)", () => {
  it('tells of jobs at the address where it does by default, and they are on the map within seconds', async () => {
    const script = join(import.meta.dirname, 'openlineage-emitter.py');
    const { stderr } = await promisify(execFile)(OPENLINEAGE_PYTHON, [script, namespace], {
      env: { OPENLINEAGE_URL: product.api.url, OPENLINEAGE_API_KEY: product.people.developer.token },
    });
    expect(stderr).toBe('');
    await expect.poll(async () => (await lineage('orders_1_daily')).edges.length, SOON).toBe(2);
    const { edges, nodes } = await lineage('orders_1_daily');
    expect(nodes.map((node: { external: unknown }) => node.external)).toContainEqual({
      namespace: 's3://exports',
      name: 'sales',
    });
    expect(edges).toContainEqual(
      expect.objectContaining({
        upstream: `entity:${idOf('orders_0_daily')}`,
        downstream: `entity:${idOf('orders_1_daily')}`,
        columns: [{ upstream: 'c2', downstream: 'c1', transformation: 'aggregation' }],
        processes: [expect.objectContaining({ kind: 'job', name: 'daily sales' })],
      }),
    );
    expect(await product.rows('SELECT count(*)::int AS n FROM lineage_event')).toEqual([{ n: 5 }]);
    const runs = await product.rows('SELECT state, facets FROM lineage_run ORDER BY id');
    expect(runs).toMatchObject([
      { state: 'COMPLETE', facets: { nominalTime: { nominalStartTime: '2026-11-01T00:00:00Z' } } },
      { state: 'COMPLETE', facets: { errorMessage: { message: 'the bucket was away for a moment' } } },
    ]);
    const [job] = await product.rows(`SELECT sql, evidence FROM lineage_process WHERE name = 'daily sales'`);
    expect(job).toMatchObject({
      sql: 'INSERT INTO sales SELECT sum(c2) FROM orders',
      evidence: { facets: { ownership: { owners: [{ name: 'team:sales' }] }, sourceCodeLocation: { type: 'git' } } },
    });
  }, 60_000);
});

describe('events', () => {
  it('that come while no worker runs are folded as soon as one does, and none is lost', async () => {
    await product.stopWorker();
    const events = Array.from({ length: 30 }, (_, place) =>
      runEvent({
        job: `burst ${place}`,
        inputs: [`${namespace} shop.area_2.orders_2_daily`],
        outputs: [`s3://burst ${place}`],
      }),
    );
    const answers = await Promise.all(events.map((event) => product.call('POST', '/lineage', event)));
    expect(answers.map(({ status }) => status)).toEqual(events.map(() => 201));
    expect(await waiting()).toBe(events.length);
    await product.newWorker();
    await expect.poll(waiting, SOON).toBe(0);
    expect((await lineage('orders_2_daily', 'direction=down')).edges).toHaveLength(events.length);
  });
});
