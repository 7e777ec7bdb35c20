import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { freePort } from '../../cli/embedded/free-port.js';
import { query } from '../../db/query.js';
import { type MortalStack, type OwnCrawler, startMortalStack } from './mortal-stack.js';
import { mapAndSearch } from './same-as-source.js';
import type { WorkerProcess } from './worker-process.js';

const TABLES = 3_000;
/** Three, and the end of the listing. */
const PAGES = 4;
const synthetic = { tables: TABLES, pageMs: 500 };

let stack: MortalStack;
let worker: WorkerProcess;
beforeAll(async () => {
  stack = await startMortalStack();
}, 90_000);
afterEach(() => worker.end('SIGKILL'));
afterAll(() => stack.stop());

/** Every table is there once, in its first version, and search has the same. */
async function expectWhole(crawler: OwnCrawler) {
  const [counted] = await query(
    stack.database,
    `SELECT count(*)::int AS tables, count(DISTINCT e.guid)::int AS guids, max(e.version) AS version,
            (SELECT count(*)::int FROM staged_object) AS staged
       FROM entity e JOIN collected_database d ON d.id = e.collected_database_id
      WHERE d.crawler_id = ? AND e.kind = 'table' AND e.removed_at IS NULL`,
    [crawler.id],
  );
  expect(counted).toEqual({ tables: TABLES, guids: TABLES, version: 1, staged: 0 });
  await vi.waitFor(
    async () => {
      const { map, search } = await mapAndSearch(stack.database, crawler.id);
      expect(search).toEqual(map);
    },
    { timeout: 30_000, interval: 500 },
  );
}

it('a killed worker: another attempt goes on after the last page staged, and no table comes twice', async () => {
  worker = await stack.startWorker({ synthetic });
  const crawler = await stack.crawler(['shop']);
  const runId = await crawler.start();
  await crawler.staged(runId, 1);
  await worker.end('SIGKILL');
  const { pages } = await crawler.progress(runId);
  expect(pages).toBeLessThan(PAGES);
  worker = await stack.startWorker({ synthetic });
  expect(await crawler.ended(runId)).toMatchObject({ status: 'succeeded', counts: { added: TABLES } });
  expect(await crawler.progress(runId)).toMatchObject({ pages: PAGES, attempt: 2 });
  await expectWhole(crawler);
}, 120_000);

it('a killed catalog that is back before the next page is read: no page is missing', async () => {
  worker = await stack.startWorker({ synthetic: { tables: TABLES, pageMs: 2_500 } });
  const crawler = await stack.crawler(['shop']);
  const runId = await crawler.start();
  await crawler.staged(runId, 1);
  await stack.postgres.kill();
  await stack.postgres.start();
  expect(await crawler.ended(runId)).toMatchObject({ status: 'succeeded', counts: { added: TABLES } });
  expect(await crawler.progress(runId)).toMatchObject({ pages: PAGES });
  await expectWhole(crawler);
}, 120_000);

it('a catalog killed between two pages of publishing: the rest follows, and nothing twice', async () => {
  // Each page takes a second to merge, and none can be merged ahead.
  await stack.database.raw(`
    CREATE FUNCTION rest() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF current_setting('idle_in_transaction_session_timeout') <> '0' THEN RAISE 'not ahead of publishing'; END IF;
      PERFORM pg_sleep(1);
      RETURN NULL;
    END $$;
    CREATE TRIGGER rest AFTER INSERT ON entity FOR EACH STATEMENT EXECUTE FUNCTION rest()`);
  worker = await stack.startWorker({ synthetic: { tables: TABLES, pageMs: 0 } });
  const crawler = await stack.crawler(['shop']);
  const runId = await crawler.start();
  const merged = async () => {
    const [row] = await query<{ tables: number }>(
      stack.database,
      `SELECT count(*)::int AS tables
         FROM entity e JOIN collected_database d ON d.id = e.collected_database_id
        WHERE d.crawler_id = ? AND e.kind = 'table'`,
      [crawler.id],
    );
    return row?.tables ?? 0;
  };
  await vi.waitFor(async () => expect(await merged()).toBeGreaterThan(0), { timeout: 30_000, interval: 50 });
  await stack.postgres.kill();
  await stack.postgres.start();
  // The last page merged may be lost with the server, since it need not be on disk yet.
  expect(await vi.waitFor(merged, { timeout: 20_000 })).toBeLessThan(TABLES);
  await stack.database.raw('DROP FUNCTION rest CASCADE');
  expect(await crawler.ended(runId)).toMatchObject({ status: 'succeeded', counts: { added: TABLES } });
  await expectWhole(crawler);
}, 120_000);

it('a killed Temporal server: the run goes on when it is back with its store', async () => {
  worker = await stack.startWorker({ synthetic });
  const crawler = await stack.crawler(['shop']);
  const runId = await crawler.start();
  await crawler.staged(runId, 1);
  await stack.temporal.kill();
  await stack.temporal.start();
  expect(await crawler.ended(runId)).toMatchObject({ status: 'succeeded', counts: { added: TABLES } });
  await expectWhole(crawler);
}, 120_000);

it('a killed API: the run does not notice', async () => {
  const port = await freePort();
  const api = spawn(process.execPath, ['--import', 'tsx', 'api/main.ts'], {
    env: {
      ...process.env,
      DATABASE_URL: stack.postgresUrl,
      TEMPORAL_ADDRESS: stack.temporalAddress,
      DATAMAP_SECRET_KEY: stack.secretKey.toString('base64'),
      PORT: String(port),
    },
    stdio: 'ignore',
  });
  const gone = once(api, 'exit');
  await vi.waitFor(async () => expect((await fetch(`http://127.0.0.1:${port}/healthz`)).ok).toBe(true), {
    timeout: 30_000,
    interval: 100,
  });
  worker = await stack.startWorker({ synthetic });
  const crawler = await stack.crawler(['shop']);
  const runId = await crawler.start();
  await crawler.staged(runId, 1);
  api.kill('SIGKILL');
  await gone;
  expect(await crawler.ended(runId)).toMatchObject({ status: 'succeeded', counts: { added: TABLES } });
  expect(await crawler.progress(runId)).toMatchObject({ attempt: 1 });
  await expectWhole(crawler);
}, 60_000);
