import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { postgresqlConnector } from '../../connectors/postgresql/connector.js';
import { createSource, type Source } from '../connectors/postgresql/source.js';
import { edgesOf } from '../lineage/told-events.js';
import { SPARK_HOME } from '../servers/start-all.js';
import { startWholeProduct, type WholeProduct } from './whole-product.js';

const SOON = { timeout: 30_000, interval: 100 };

/** Where `npm run test:servers` did not lay it out, the start of the run says so; in CI that is an error. */
describe.skipIf(!existsSync(join(SPARK_HOME, 'installed')))(
  'A Spark job with the listener (npm run test:servers)',
  () => {
    let product: WholeProduct;
    let source: Source;
    let directory: string;

    beforeAll(async () => {
      product = await startWholeProduct();
      product.connector = postgresqlConnector;
      source = await createSource(inject('postgres'));
      await source.client.query(`
      CREATE SCHEMA sales; CREATE SCHEMA report;
      CREATE TABLE sales.customers (id int PRIMARY KEY, name text, country text);
      CREATE TABLE sales.orders (id int PRIMARY KEY, customer_id int, day date, amount numeric(12,2), state text);
      CREATE TABLE report.daily (country text, day date, total numeric(22,2), largest text);
      INSERT INTO sales.customers VALUES (1, 'Ada', 'GB'), (2, 'Grace', 'US');
      INSERT INTO sales.orders VALUES (1, 1, '2026-11-01', 10, 'paid'), (2, 1, '2026-11-01', 5, 'paid'),
                                      (3, 2, '2026-11-02', 7, 'paid'), (4, 2, '2026-11-02', 100, 'open')`);
      directory = mkdtempSync(join(tmpdir(), 'datamap-spark-'));
      writeFileSync(join(directory, 'rates.csv'), 'country,rate\nGB,1.15\nUS,0.9\n');
      const { workspaceId } = product.people;
      const { body } = await product.call('POST', '/data-sources', { workspaceId, name: 'shop', url: source.url });
      const crawler = { workspaceId, dataSourceId: body.id, databases: [source.name], plan: { mode: 'manual' } };
      const { id } = (await product.call('POST', '/crawlers', crawler)).body;
      expect(await product.runToItsEnd(id)).toMatchObject({ status: 'succeeded' });
    });
    afterAll(async () => {
      rmSync(directory, { recursive: true, force: true });
      await source.drop();
      await product.stop();
    });

    /** Runs the job as its owner would: one core, and nothing but the listener's settings has to do with lineage. */
    async function submit(): Promise<void> {
      const settings = {
        'spark.driver.memory': '512m',
        // For one short job: no time goes into compiling what runs once.
        'spark.driver.extraJavaOptions': '-XX:+UseSerialGC -XX:TieredStopAtLevel=1',
        'spark.sql.codegen.wholeStage': 'false',
        'spark.ui.enabled': 'false',
        'spark.sql.shuffle.partitions': '1',
        'spark.sql.adaptive.enabled': 'false',
        'spark.sql.warehouse.dir': directory,
        'spark.extraListeners': 'io.openlineage.spark.agent.OpenLineageSparkListener',
        'spark.openlineage.namespace': 'warehouse',
        'spark.openlineage.transport.type': 'http',
        'spark.openlineage.transport.url': product.api.url,
        'spark.openlineage.transport.auth.type': 'api_key',
        'spark.openlineage.transport.auth.apiKey': product.people.developer.token,
      };
      const { host, pathname, username } = new URL(source.url);
      await promisify(execFile)(
        join(SPARK_HOME, 'bin', 'spark-submit'),
        [
          ...['--master', 'local[1]'],
          ...Object.entries(settings).flatMap(([name, value]) => ['--conf', `${name}=${value}`]),
          join(import.meta.dirname, 'openlineage-spark.py'),
          `jdbc:postgresql://${host}${pathname}?user=${username}`,
          directory,
        ],
        { env: { ...process.env, SPARK_HOME, PYSPARK_PYTHON: 'python3', SPARK_LOCAL_IP: '127.0.0.1' } },
      );
    }

    it('is on the map, by tables and columns, from tables of the map to one of them and to files', async () => {
      await submit();
      expect((await source.client.query('SELECT country, total::int FROM report.daily ORDER BY day')).rows).toEqual([
        { country: 'GB', total: 15 },
        { country: 'US', total: 7 },
      ]);
      await expect
        .poll(async () => (await product.rows('SELECT FROM lineage_event WHERE folded_at IS NULL')).length, SOON)
        .toBe(0);
      expect(await product.rows('SELECT problem FROM lineage_event WHERE problem IS NOT NULL')).toEqual([]);
      const edges = (await edgesOf(product.api.database)).map((edge) => edge.replaceAll(directory, ''));
      expect(edges).toEqual([
        expect.stringMatching(/: \/rates\.csv -> \/converted \(.*country join , rate aggregation euro\)$/),
        expect.stringMatching(/: daily -> \/converted \(.*day direct day, total direct euro\)$/),
        expect.stringMatching(/: customers -> daily \(.*country direct country, name direct largest\)$/),
        expect.stringMatching(/: orders -> daily \(.*day direct day, amount direct total\)$/),
      ]);
      const [daily] = await product.rows<{ id: string }>(
        `SELECT id FROM entity WHERE kind = 'table' AND name = 'daily'`,
      );
      const { nodes } = (await product.call('GET', `/entities/${daily?.id}/lineage`)).body;
      expect(
        nodes.map((node: { key: string; entity: { name: string } | null }) => node.entity?.name ?? node.key),
      ).toEqual(expect.arrayContaining(['orders', 'customers', 'daily']));
    }, 600_000);
  },
);
