import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, it, vi } from 'vitest';
import { readRunLog } from '../../catalog/runs/run-log.js';
import { connectionTo } from '../connectors/postgresql/source.js';
import { startTcpProxy, type TcpProxy } from '../servers/tcp-proxy.js';
import { emptyDatabase } from '../servers/test-database.js';
import { type MortalStack, type OwnCrawler, startMortalStack } from './mortal-stack.js';
import { runSql } from './run-sql.js';
import { shapeOfMap, shapeOfSource } from './same-as-source.js';

const TABLES = 2_500;

let stack: MortalStack;
let source: Awaited<ReturnType<typeof emptyDatabase>>;
let proxy: TcpProxy;
let crawler: OwnCrawler;
beforeAll(async () => {
  stack = await startMortalStack();
  source = await emptyDatabase(inject('postgres'));
  await runSql(
    source.url,
    `
    DO $$ BEGIN FOR n IN 1..${TABLES} LOOP
      EXECUTE format('CREATE TABLE t_%s (id integer, name text, at timestamptz)', n);
    END LOOP; END $$`,
  );
  await stack.startWorker();
  const { hostname, port } = new URL(source.url);
  proxy = await startTcpProxy({ host: hostname, port: Number(port) });
  const through = new URL(source.url);
  through.host = `127.0.0.1:${proxy.port}`;
  crawler = await stack.crawler([source.name], connectionTo(through.href));
}, 120_000);
beforeEach(async () => {
  // Every table must be read again, and a table is gone: there is something to read, and something to get wrong.
  await runSql(
    source.url,
    `
    DO $$ DECLARE t record; BEGIN
      FOR t IN SELECT oid::regclass AS id FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
        EXECUTE format('ALTER TABLE %s ADD COLUMN c_%s text', t.id, md5(random()::text));
      END LOOP;
      EXECUTE format('DROP TABLE %s', (SELECT min(oid)::regclass FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace));
    END $$`,
  );
});
afterEach(() => proxy.mend());
afterAll(async () => {
  await proxy.stop();
  await stack.stop();
  await source.drop();
});

const living = async () => (await shapeOfMap(stack.database, crawler.id, source.name)).length;
const begun = (runId: string) =>
  vi.waitFor(async () => expect((await crawler.progress(runId)).attempt).toBeGreaterThan(0), {
    timeout: 20_000,
    interval: 20,
  });

/** The map is the source after a run over a good network. */
async function expectRight(runId: string) {
  const run = await crawler.ended(runId);
  expect(run, JSON.stringify(run.error)).toMatchObject({ status: 'succeeded' });
  expect(await shapeOfMap(stack.database, crawler.id, source.name)).toEqual(await shapeOfSource(source.url));
}

it('a connection reset in the middle of a page: another attempt goes on, and the run ends right', async () => {
  await expectRight(await crawler.start());
  const before = proxy.received();
  await runSql(
    source.url,
    `DO $$ BEGIN FOR n IN 2..900 LOOP EXECUTE format('ALTER TABLE t_%s ADD COLUMN more text', n); END LOOP; END $$`,
  );
  await expectRight(await crawler.start());
  const aRun = proxy.received() - before;
  await runSql(
    source.url,
    `DO $$ BEGIN FOR n IN 2..900 LOOP EXECUTE format('ALTER TABLE t_%s DROP COLUMN more', n); END LOOP; END $$`,
  );
  proxy.resetAfter(Math.floor(aRun * 0.9));
  const runId = await crawler.start();
  await expectRight(runId);
  expect((await crawler.progress(runId)).attempt).toBe(2);
  const { lines } = await readRunLog(stack.database, runId, { limit: 200, level: 'warn' });
  expect(lines).toMatchObject([{ fields: { code: 'CONNECTION_LOST', nextAttemptAt: expect.any(String) } }]);
}, 90_000);

it('a network of 1 kB a second: the run waits, nothing leaves the map meanwhile, and it ends right when mended', async () => {
  const before = await living();
  proxy.throttle(1_000);
  const runId = await crawler.start();
  const at = proxy.received();
  await vi.waitFor(() => expect(proxy.received()).toBeGreaterThan(at + 3_000), { timeout: 30_000 });
  expect((await crawler.progress(runId)).status).toBe('running');
  expect(await living()).toBe(before);
  proxy.mend();
  await expectRight(runId);
}, 120_000);

it('a network that is cut: nothing leaves the map, a Stop is heard, and the next run ends right', async () => {
  const before = await living();
  const runId = await crawler.start();
  await begun(runId);
  proxy.cut();
  await vi.waitFor(
    async () => {
      await stack.orchestrator.stopCrawl(crawler.id);
      expect((await crawler.progress(runId)).status).toBe('stopped');
    },
    { timeout: 60_000, interval: 1_000 },
  );
  expect(await living()).toBe(before);
  proxy.mend();
  await expectRight(await crawler.start());
}, 120_000);
