import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort } from '../../cli/embedded/free-port.js';
import { type RunningPostgres, startPostgres } from '../../cli/embedded/postgres.js';
import { postgresqlConnector } from '../../connectors/postgresql/connector.js';
import { connectionTo } from '../connectors/postgresql/source.js';
import { crawledCatalog, tableNamed } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

const directory = mkdtempSync(join(tmpdir(), 'datamap-standby-'));
const at = (name: string) => join(directory, name);
const running: RunningPostgres[] = [];
let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  chmodSync(directory, 0o755);
  catalog = await testDatabase();
});
afterAll(async () => {
  // A primary waits for its standby to have all of its log.
  for (const server of running.reverse()) await server.stop();
  await catalog.drop();
  rmSync(directory, { recursive: true, force: true });
});

const start = async (name: string, settings: Record<string, string> = {}): Promise<RunningPostgres> => {
  const server = await startPostgres({ dataDirectory: at(name), port: await freePort(), settings });
  running.push(server);
  return server;
};
const stop = async (server: RunningPostgres) => {
  await server.stop();
  running.splice(running.indexOf(server), 1);
};
async function ask(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

test('a standby that has not replayed what was collected removes nothing; once it has, what is gone goes', async () => {
  const first = await start('primary');
  await ask(first.url, 'CREATE TABLE early (id integer)');
  await stop(first);
  // The standby is as the primary was then, and gets none of its log yet.
  execFileSync('cp', ['-a', at('primary'), at('standby')]);
  execFileSync('cp', ['-a', join(at('primary'), 'PG_VERSION'), join(at('standby'), 'standby.signal')]);
  const primary = await start('primary');
  await ask(primary.url, 'CREATE TABLE late (id integer)');
  let server = primary;
  const map = await crawledCatalog(catalog.database, new SyntheticSource(0));
  map.context.loadConnector = async () => ({
    ...postgresqlConnector,
    openDatabase: (_connection, _database, options) =>
      postgresqlConnector.openDatabase(connectionTo(server.url), 'postgres', options),
  });
  expect(await map.crawl()).toMatchObject({ added: 2 });

  server = await start('standby');
  const { runId, ...counts } = await map.crawl();
  expect(counts).toMatchObject({ tables: 1, removed: 0, held: 0, problems: 1 });
  expect(await map.rows('SELECT code, message FROM crawl_problem WHERE run_id = ?', [runId])).toEqual([
    { code: 'REPLICA_BEHIND', message: expect.stringMatching(/kept 1 table as it was: the server is a standby/) },
  ]);
  expect((await tableNamed(map, 'late')).living).toBe(true);

  await stop(server);
  await ask(primary.url, 'DROP TABLE early');
  const position = (await ask(primary.url, 'SELECT pg_current_wal_lsn()::text AS at'))[0]?.['at'];
  server = await start('standby', { primary_conninfo: `host=127.0.0.1 port=${primary.port} user=datamap` });
  await vi.waitFor(
    async () =>
      expect(await ask(server.url, `SELECT pg_last_wal_replay_lsn() >= '${position}' AS there`)).toEqual([
        { there: true },
      ]),
    { timeout: 20_000, interval: 100 },
  );
  expect(await map.crawl()).toMatchObject({ tables: 1, removed: 1, held: 0, problems: 0 });
  expect((await tableNamed(map, 'late')).living).toBe(true);
});
