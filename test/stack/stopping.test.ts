import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listRunUnits } from '../../catalog/runs/read-runs.js';
import type { Connection } from '../../connectors/contract.js';
import { MARIADB, TestSource } from '../connectors/mysql/source.js';
import { connectionTo, createSource, servers } from '../connectors/postgresql/source.js';
import { type CollectingStack, startCollectingStack } from './collecting-stack.js';

let stack: CollectingStack;
beforeAll(async () => {
  stack = await startCollectingStack();
}, 60_000);
afterAll(() => stack.stop());

/** How often a session is looked for while one is expected: a statement waits for a lock for seconds only. */
const OFTEN = { interval: 20, timeout: 30_000 };

interface Source {
  type: string;
  connection: Connection;
  /** Nothing keeps this database from being collected. */
  free: string;
  /** The server answers no question about this one. */
  stuck: string;
  /** Sessions that the worker has at the server for the database that is stuck. */
  sessions(): Promise<{ waits: boolean }[]>;
}

/** Stops a run of both databases while the server keeps the second one waiting, and looks at what is left at the server. */
async function stopsInTheMiddle({ type, connection, free, stuck, sessions }: Source): Promise<void> {
  const crawlerId = await stack.crawler(type, connection, [free, stuck]);
  const runId = await stack.start(crawlerId);
  const statusOf = async (database: string) =>
    (await listRunUnits(stack.database, runId, { limit: 10 })).items.find((unit) => unit.database === database)?.status;
  await expect.poll(() => statusOf(free), OFTEN).toBe('done');
  await expect.poll(async () => (await sessions()).some(({ waits }) => waits), OFTEN).toBe(true);
  const asked = performance.now();
  await stack.askToStop(crawlerId);
  const run = await stack.ended(runId);
  const took = performance.now() - asked;
  expect(await sessions()).toEqual([]);
  console.info(
    `${type}: stopped ${Math.round(took)} ms after it was asked to, in a statement that waits at the server`,
  );
  expect(took).toBeLessThan(5_000);
  expect(run).toMatchObject({ status: 'stopped', units: { total: 2, done: 1, stopped: 1 } });
  expect(await statusOf(stuck)).toBe('stopped');
  expect((await stack.tables(free)).map(({ name }) => name)).toEqual(['kept']);
  expect(await stack.tables(stuck)).toEqual([]);
}

describe.each(servers)('a Stop while $name is stuck in a statement', ({ url }) => {
  it('ends the session at the server within seconds, and keeps what finished databases published', async () => {
    const [free, stuck] = await Promise.all([createSource(url), createSource(url)]);
    const watch = new pg.Client(url);
    await watch.connect();
    try {
      await free.client.query('CREATE TABLE public.kept (id int)');
      await stuck.client.query('CREATE TABLE public.never (id int)');
      // Every session needs other catalogs to begin; this one only who lists tables.
      await stuck.client.query('BEGIN');
      await stuck.client.query('LOCK TABLE pg_catalog.pg_attrdef IN ACCESS EXCLUSIVE MODE');
      await stopsInTheMiddle({
        type: 'postgresql',
        connection: connectionTo(url),
        free: free.name,
        stuck: stuck.name,
        sessions: async () =>
          (
            await watch.query<{ waits: boolean }>(
              `SELECT coalesce(wait_event_type = 'Lock', false) AS waits FROM pg_stat_activity
                WHERE datname = $1 AND application_name = 'datamap'`,
              [stuck.name],
            )
          ).rows,
      });
      await stuck.client.query('ROLLBACK');
    } finally {
      await watch.end();
      await Promise.all([free.drop(), stuck.drop()]);
    }
  });
});

describe.skipIf(MARIADB === '')('a Stop while MariaDB is stuck in a statement', () => {
  it('ends the session at the server within seconds, and keeps what finished databases published', async () => {
    const [free, stuck] = await Promise.all([TestSource.create(), TestSource.create()]);
    const user = await stuck.account(
      `SELECT, SHOW VIEW ON ${free.pattern}.*`,
      `SELECT, SHOW VIEW ON ${stuck.pattern}.*`,
    );
    const holder = await createConnection({ uri: `${MARIADB}${stuck.database}` });
    const renamer = await createConnection({ uri: `${MARIADB}${stuck.database}` });
    try {
      await free.run('CREATE TABLE kept (id int)');
      // RENAME locks its tables one after another: while it waits for the last, whoever looks at the others waits too.
      const names = Array.from({ length: 20 }, (_, n) => `a_${n}`);
      await stuck.run([...names, 'z_held'].map((name) => `CREATE TABLE ${name} (id int)`).join(';'));
      await holder.query('BEGIN');
      await holder.query('SELECT * FROM z_held');
      const renamed = [...names, 'z_held'].map((name) => `${name} TO new_${name}`).join(', ');
      const renaming = renamer.query(`RENAME TABLE ${renamed}`);
      await stopsInTheMiddle({
        type: 'mysql',
        connection: stuck.connection(user),
        free: free.database,
        stuck: stuck.database,
        sessions: async () =>
          (await stuck.rows('SELECT STATE FROM information_schema.PROCESSLIST WHERE USER = ?', [user])).map(
            ({ STATE }) => ({ waits: String(STATE).startsWith('Waiting for table metadata') }),
          ),
      });
      await holder.query('ROLLBACK');
      await renaming;
    } finally {
      await Promise.all([holder.end(), renamer.end()]);
      await free.drop();
      await stuck.drop();
    }
  });
});
