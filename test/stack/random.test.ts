import pg from 'pg';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { DatabaseTaken } from '../../catalog/crawlers/errors.js';
import { getCrawler } from '../../catalog/crawlers/read-crawlers.js';
import { updateCrawler } from '../../catalog/crawlers/write-crawlers.js';
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
/** What is done in so many parts of the whole. */
const MIX = { run: 3, ddl: 6, stop: 1, kill: 1, revoke: 1, grant: 2, narrow: 1, widen: 1 };
type Action = keyof typeof MIX;

let stack: MortalStack;
let worker: WorkerProcess;
let source: Awaited<ReturnType<typeof emptyDatabase>>;
/** A second database of the server, which the scope is narrowed to and widened by. */
let second: Awaited<ReturnType<typeof emptyDatabase>>;
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
  second = await emptyDatabase(inject('postgres'));
  await runSql(
    second.url,
    `DO $$ BEGIN FOR t IN 1..300 LOOP EXECUTE format('CREATE TABLE t_%s (id integer)', t); END LOOP; END $$`,
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
  await second.drop();
});

it(`whatever is changed, killed, stopped, revoked and taken out of the scope for ${SECONDS} s (seed ${SEED}), a clean run then makes the map the source`, async () => {
  console.info(`DATAMAP_TEST_SEED=${SEED}`);
  const random = randomFrom(SEED);
  const pick = <T>(...items: [T, ...T[]]): T => items[Math.floor(random() * items.length)] ?? items[0];
  const as = new URL(source.url);
  as.username = role;
  const crawler = await stack.crawler([source.name, second.name], connectionTo(as.href));
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
  /** False when a database that is to come back has not left the map yet. */
  const rescope = async (databases: string[]) => {
    const { version } = await getCrawler(stack.database, crawler.id);
    try {
      const { operation } = await updateCrawler(stack.database, crawler.id, { version, databases });
      if (operation !== undefined)
        await stack.orchestrator.narrowScope({ crawlerId: crawler.id, crawlerName: crawler.name });
      return true;
    } catch (error) {
      if (error instanceof DatabaseTaken) return false;
      throw error;
    }
  };
  const steps: Record<Action, () => Promise<unknown>> = {
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
    narrow: () => rescope([pick(source.name, second.name)]),
    widen: () => rescope([source.name, second.name]),
    ddl,
  };
  // Drawn like cards, so that however short the time is there is some of everything.
  const cards = (Object.keys(MIX) as Action[]).flatMap((name) => Array<Action>(MIX[name]).fill(name));
  const done: Action[] = [];
  let deck: Action[] = [];
  for (const until = Date.now() + SECONDS * 1_000; Date.now() < until || done.length < cards.length; ) {
    if (deck.length === 0) deck = [...cards];
    const [name = 'ddl'] = deck.splice(Math.floor(random() * deck.length), 1);
    done.push(name);
    await steps[name]();
  }
  console.info(done.join(' '));

  for (const name of SCHEMAS) await client.query(`GRANT USAGE ON SCHEMA ${name} TO ${role}`);
  if (run !== undefined) await crawler.ended(run);
  await vi.waitFor(async () => expect(await rescope([source.name, second.name])).toBe(true), {
    timeout: 60_000,
    interval: 200,
  });
  const clean = await crawler.ended(await crawler.start());
  expect(clean, done.join(' ')).toMatchObject({ status: 'succeeded' });
  expect(await shapeOfMap(stack.database, crawler.id, source.name), done.join(' ')).toEqual(
    await shapeOfSource(source.url),
  );
  expect(await shapeOfMap(stack.database, crawler.id, second.name), done.join(' ')).toEqual(
    await shapeOfSource(second.url),
  );
  await vi.waitFor(
    async () => {
      const { map, search } = await mapAndSearch(stack.database, crawler.id);
      expect(search).toEqual(map);
    },
    { timeout: 30_000, interval: 500 },
  );
}, 400_000);
