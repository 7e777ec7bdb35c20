import pg from 'pg';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { markStopping } from '../../catalog/runs/stop-run.js';
import { randomFrom } from '../connectors/postgresql/random-ddl.js';
import { connectionTo } from '../connectors/postgresql/source.js';
import { emptyDatabase } from '../servers/test-database.js';
import { type MortalStack, startMortalStack } from './mortal-stack.js';
import { runSql } from './run-sql.js';
import { mapAndSearch, shapeOfMap, shapeOfSource } from './same-as-source.js';
import type { WorkerProcess } from './worker-process.js';

/** A failing run is repeated with its seed; a minute and more is for doing by hand. */
const SEED = Number(process.env['DATAMAP_TEST_SEED'] ?? Math.floor(Math.random() * 1e9));
const SECONDS = Number(process.env['DATAMAP_TEST_RANDOM_SECONDS'] ?? 20);
const SCHEMAS = ['a', 'b', 'c'];

let stack: MortalStack;
let worker: WorkerProcess;
let source: Awaited<ReturnType<typeof emptyDatabase>>;
let client: pg.Client;
const role = `random_${process.pid}`;
beforeAll(async () => {
  stack = await startMortalStack();
  source = await emptyDatabase(inject('postgres'));
  await runSql(
    source.url,
    `CREATE ROLE ${role} LOGIN;
     DO $$ DECLARE s text; BEGIN
       FOREACH s IN ARRAY ARRAY['a', 'b', 'c'] LOOP
         EXECUTE format('CREATE SCHEMA %s; GRANT USAGE ON SCHEMA %s TO ${role}', s, s);
         FOR t IN 1..400 LOOP EXECUTE format('CREATE TABLE %s.t_%s (id integer, name text)', s, t); END LOOP;
       END LOOP;
     END $$`,
  );
  client = new pg.Client(source.url);
  await client.connect();
  worker = await stack.startWorker();
}, 120_000);
afterAll(async () => {
  await client.end();
  await stack.stop();
  await runSql(source.url, `DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
  await source.drop();
});

it(`whatever is changed, killed, stopped and revoked for ${SECONDS} s (seed ${SEED}), a clean run then makes the map the source`, async () => {
  console.info(`DATAMAP_TEST_SEED=${SEED}`);
  const random = randomFrom(SEED);
  const pick = <T>(...items: [T, ...T[]]): T => items[Math.floor(random() * items.length)] ?? items[0];
  const as = new URL(source.url);
  as.username = role;
  const crawler = await stack.crawler([source.name], connectionTo(as.href));
  let run: string | undefined;
  const isOpen = async () =>
    run !== undefined && ['queued', 'running', 'stopping'].includes((await crawler.progress(run)).status);
  const schema = () => pick('a', 'b', 'c');
  const table = async () => {
    const { rows } = await client.query<{ id: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS id FROM pg_tables WHERE schemaname = $1 ORDER BY 1`,
      [schema()],
    );
    return rows[Math.floor(random() * rows.length)]?.id ?? 'a.t_1';
  };
  const fresh = () => `n_${Math.floor(random() * 1e9)}`;
  const ddl = async () => {
    const target = await table();
    return client.query(
      pick(
        `ALTER TABLE ${target} ADD COLUMN ${fresh()} text`,
        `ALTER TABLE ${target} RENAME TO ${fresh()}`,
        `ALTER TABLE ${target} ALTER COLUMN id TYPE bigint`,
        `COMMENT ON COLUMN ${target}.id IS '${fresh()}'`,
        `CREATE TABLE ${schema()}.${fresh()} (id integer)`,
        `CREATE VIEW ${schema()}.${fresh()} AS SELECT ${Math.floor(random() * 99)} AS one`,
        `DROP TABLE ${target}; CREATE TABLE ${target} (id integer, again text)`,
        `DROP TABLE ${target}`,
      ),
    );
  };
  const steps: Record<string, () => Promise<unknown>> = {
    run: async () => {
      if (!(await isOpen())) run = await crawler.start();
    },
    stop: async () => {
      if (!(await isOpen())) return;
      await markStopping(stack.database, { crawlerId: crawler.id });
      await stack.orchestrator.stopCrawl(crawler.id);
    },
    kill: async () => {
      await worker.end(pick('SIGKILL', 'SIGTERM', 'SIGTERM'));
      worker = await stack.startWorker();
    },
    revoke: () => client.query(`REVOKE USAGE ON SCHEMA ${schema()} FROM ${role}`),
    grant: () => client.query(`GRANT USAGE ON SCHEMA ${schema()} TO ${role}`),
    ddl,
  };
  const done: string[] = [];
  for (const until = Date.now() + SECONDS * 1_000; Date.now() < until; ) {
    const name = pick(
      'run',
      'run',
      'run',
      'ddl',
      'ddl',
      'ddl',
      'ddl',
      'ddl',
      'ddl',
      'stop',
      'kill',
      'revoke',
      'grant',
      'grant',
    );
    done.push(name);
    await steps[name]?.();
  }
  console.info(done.join(' '));

  for (const name of SCHEMAS) await client.query(`GRANT USAGE ON SCHEMA ${name} TO ${role}`);
  if (run !== undefined) await crawler.ended(run);
  const clean = await crawler.ended(await crawler.start());
  expect(clean, done.join(' ')).toMatchObject({ status: 'succeeded' });
  expect(await shapeOfMap(stack.database, crawler.id, source.name), done.join(' ')).toEqual(
    await shapeOfSource(source.url),
  );
  await vi.waitFor(
    async () => {
      const { map, search } = await mapAndSearch(stack.database, crawler.id);
      expect(search).toEqual(map);
    },
    { timeout: 30_000, interval: 500 },
  );
}, 400_000);
