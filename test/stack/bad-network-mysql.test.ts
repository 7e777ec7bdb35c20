import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { mysqlSpec } from '../../connectors/mysql/spec.js';
import { query } from '../../db/query.js';
import { MARIADB, TestSource } from '../connectors/mysql/source.js';
import { startTcpProxy, type TcpProxy } from '../servers/tcp-proxy.js';
import { type MortalStack, type OwnCrawler, startMortalStack } from './mortal-stack.js';

const TABLES = 400;
let edits = 0;

describe.skipIf(MARIADB === '')('a bad network to MariaDB', () => {
  let stack: MortalStack;
  let source: TestSource;
  let proxy: TcpProxy;
  let crawler: OwnCrawler;
  beforeAll(async () => {
    stack = await startMortalStack();
    source = await TestSource.create();
    await source.run(
      Array.from({ length: TABLES }, (_, n) => `CREATE TABLE t_${n} (id int, name text, at datetime);`).join('\n'),
    );
    await stack.startWorker();
    const { config, secrets } = source.connection();
    proxy = await startTcpProxy({ host: String(config['host']), port: Number(config['port']) });
    const through = { config: { ...config, host: '127.0.0.1', port: proxy.port }, secrets };
    crawler = await stack.crawler([source.database], through, mysqlSpec);
    await expectRight(await crawler.start());
  }, 120_000);
  beforeEach(async () => {
    // Every table must be read again, and a table is gone: there is something to read, and something to get wrong.
    edits += 1;
    await source.run(
      `DROP TABLE t_${edits - 1};\n` +
        Array.from({ length: TABLES - edits }, (_, n) => `ALTER TABLE t_${n + edits} ADD c_${edits} int;`).join('\n'),
    );
  }, 60_000);
  afterEach(() => proxy.mend());
  afterAll(async () => {
    await proxy.stop();
    await stack.stop();
    await source.drop();
  });

  /** Living tables with the number of their columns. */
  const map = () =>
    query(
      stack.database,
      `SELECT e.name, e.column_count AS columns
         FROM entity e JOIN collected_database d ON d.id = e.collected_database_id
        WHERE d.crawler_id = ? AND e.kind = 'table' AND e.removed_at IS NULL
        ORDER BY e.name COLLATE "C"`,
      [crawler.id],
    );

  async function expectRight(runId: string) {
    const run = await crawler.ended(runId);
    expect(run, JSON.stringify(run.error)).toMatchObject({ status: 'succeeded' });
    const there = await source.rows(
      `SELECT table_name AS name, count(*) AS columns FROM information_schema.columns
        WHERE table_schema = ? GROUP BY 1 ORDER BY CAST(table_name AS BINARY)`,
      [source.database],
    );
    expect(await map()).toEqual(there.map(({ name, columns }) => ({ name, columns: Number(columns) })));
  }

  it('resets a connection in the middle of a page: another attempt goes on, and the run ends right', async () => {
    // The listing alone is less than this, the listing and all pages are more.
    proxy.resetAfter(50_000);
    const runId = await crawler.start();
    await expectRight(runId);
    expect((await crawler.progress(runId)).attempt).toBe(2);
  }, 90_000);

  it('passes 1 kB a second: the run waits, nothing leaves the map meanwhile, and it ends right when mended', async () => {
    const before = await map();
    proxy.throttle(1_000);
    const runId = await crawler.start();
    const at = proxy.received();
    await vi.waitFor(() => expect(proxy.received()).toBeGreaterThan(at + 3_000), { timeout: 30_000 });
    expect((await crawler.progress(runId)).status).toBe('running');
    expect(await map()).toEqual(before);
    proxy.mend();
    await expectRight(runId);
  }, 120_000);

  it('is cut: nothing leaves the map, a Stop is heard, and the next run ends right', async () => {
    const before = await map();
    const runId = await crawler.start();
    await vi.waitFor(async () => expect((await crawler.progress(runId)).attempt).toBeGreaterThan(0), {
      timeout: 20_000,
      interval: 20,
    });
    proxy.cut();
    await vi.waitFor(
      async () => {
        await stack.orchestrator.stopCrawl(crawler.id);
        expect((await crawler.progress(runId)).status).toBe('stopped');
      },
      { timeout: 60_000, interval: 1_000 },
    );
    expect(await map()).toEqual(before);
    proxy.mend();
    await expectRight(await crawler.start());
  }, 120_000);
});
