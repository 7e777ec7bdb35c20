import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { getRun } from '../../catalog/runs/read-runs.js';
import { query } from '../../db/query.js';
import { connectionTo } from '../connectors/postgresql/source.js';
import { startTcpProxy, type TcpProxy } from '../servers/tcp-proxy.js';
import { emptyDatabase } from '../servers/test-database.js';
import { type MortalStack, startMortalStack } from './mortal-stack.js';
import { runSql } from './run-sql.js';

const SCHEMAS = 50;
const TABLES_EACH = 30;
const REVOKED = ['s_7', 's_23', 's_41'];

let stack: MortalStack;
let source: Awaited<ReturnType<typeof emptyDatabase>>;
let proxy: TcpProxy;
const role = `reader_${process.pid}`;
beforeAll(async () => {
  stack = await startMortalStack();
  await stack.startWorker();
  source = await emptyDatabase(inject('postgres'));
  await runSql(
    source.url,
    `CREATE ROLE ${role} LOGIN;
     DO $$ BEGIN
       FOR s IN 1..${SCHEMAS} LOOP
         EXECUTE format('CREATE SCHEMA s_%s', s);
         EXECUTE format('GRANT USAGE ON SCHEMA s_%s TO ${role}', s);
         FOR t IN 1..${TABLES_EACH} LOOP EXECUTE format('CREATE TABLE s_%s.t_%s (id integer, name text)', s, t); END LOOP;
       END LOOP;
     END $$`,
  );
  proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(source.url).port) });
}, 120_000);
afterAll(async () => {
  await proxy.stop();
  await stack.stop();
  await runSql(source.url, `DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
  await source.drop();
});

it('three of fifty schemas that are revoked in the middle of a run, and in the run after it, stay on the map', async () => {
  const through = new URL(source.url);
  through.host = `127.0.0.1:${proxy.port}`;
  through.username = role;
  const crawler = await stack.crawler([source.name], connectionTo(through.href));
  const living = async () => {
    const rows = await query<{ schema: string; tables: number }>(
      stack.database,
      `SELECT schema_name AS schema, count(*)::int AS tables
         FROM entity e JOIN collected_database d ON d.id = e.collected_database_id
        WHERE d.crawler_id = ? AND e.kind = 'table' AND e.removed_at IS NULL
        GROUP BY schema_name`,
      [crawler.id],
    );
    return new Map(rows.map(({ schema, tables }) => [schema, tables]));
  };
  expect(await crawler.ended(await crawler.start())).toMatchObject({ status: 'succeeded' });
  expect((await living()).size).toBe(SCHEMAS);

  // One table is really gone, and each has changed, so that there is much to read; slowly, so that there is a middle.
  await runSql(
    source.url,
    `DROP TABLE s_1.t_1;
     DO $$ DECLARE t record; BEGIN
       FOR t IN SELECT oid::regclass AS id FROM pg_class WHERE relkind = 'r' AND relname LIKE 't\\_%' LOOP
         EXECUTE format('ALTER TABLE %s ADD COLUMN more text', t.id);
       END LOOP;
     END $$`,
  );
  proxy.throttle(100_000);
  const runId = await crawler.start();
  await vi.waitFor(async () => expect((await crawler.progress(runId)).attempt).toBe(1), {
    timeout: 20_000,
    interval: 20,
  });
  await runSql(source.url, REVOKED.map((schema) => `REVOKE USAGE ON SCHEMA ${schema} FROM ${role}`).join(';'));
  expect((await crawler.progress(runId)).pages, 'the middle').toBeLessThan(2);
  proxy.throttle(100_000_000);
  await crawler.ended(runId);
  const after = await crawler.ended(await crawler.start());
  expect(after.status).toBe('partial');
  const map = await living();
  for (const schema of REVOKED) expect(map.get(schema), schema).toBe(TABLES_EACH);
  expect(map.get('s_1')).toBe(TABLES_EACH - 1);
  expect([...map.values()].reduce((sum, tables) => sum + tables)).toBe(SCHEMAS * TABLES_EACH - 1);
  expect((await getRun(stack.database, after.id)).counts).toMatchObject({ removed: 0 });
}, 120_000);
