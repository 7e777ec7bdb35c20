import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { freePort } from '../cli/embedded/free-port.js';
import type { Database } from '../db/database.js';
import { startMariadb } from '../test/servers/mariadb.js';
import { bulkReadMysql } from './bulk-read-mysql.js';
import { assertMapEqualsMysql, assertMapEqualsPostgres } from './map-equals-source.js';
import { referenceCrawl } from './reference-crawler.js';
import type { BenchStack } from './stack.js';
import { changeOnePercentMysql, fillSyntheticMysql } from './synthetic-mysql.js';
import { changeOnePercent, fillSyntheticPostgres } from './synthetic-postgres.js';

/** A filled source and what is asked of it between crawls. */
export interface BenchSource {
  type: 'postgresql' | 'mysql';
  url: string;
  database: string;
  limitName: string;
  /** Runs the limit into an empty database and returns its seconds. */
  limit(catalogUrl: string): Promise<number>;
  resetStatements(): Promise<void>;
  /** Statements sent to the source since the reset, and the longest of them in milliseconds. */
  statements(): Promise<{ calls: number; longest: number }>;
  /** Changes one relation in a hundred; returns how many that were. */
  changeOnePercent(): Promise<number>;
  assertEquals(catalog: Database): Promise<void>;
  close(): Promise<void>;
}

export function openBenchSource(stack: BenchStack, type: BenchSource['type'], relations: number): Promise<BenchSource> {
  return type === 'mysql' ? openMysql(stack, relations) : openPostgres(stack, relations);
}

async function openPostgres(stack: BenchStack, relations: number): Promise<BenchSource> {
  const url = await stack.createDatabase('bench_source');
  await fillSyntheticPostgres(url, relations, progress(relations));
  const admin = new pg.Client(stack.postgres);
  await admin.connect();
  await admin.query('CREATE EXTENSION pg_stat_statements');
  return {
    type: 'postgresql',
    url,
    database: 'bench_source',
    limitName: 'the reference crawler',
    limit: async (catalogUrl) => (await referenceCrawl(url, catalogUrl)).seconds,
    resetStatements: async () => void (await admin.query('SELECT pg_stat_statements_reset()')),
    statements: async () => {
      const { rows } = await admin.query<{ calls: string; longest: number }>(
        `SELECT coalesce(sum(calls), 0) AS calls, coalesce(max(max_exec_time), 0) AS longest
           FROM pg_stat_statements
          WHERE dbid = (SELECT oid FROM pg_database WHERE datname = 'bench_source') AND toplevel`,
      );
      return { calls: Number(rows[0]?.calls), longest: rows[0]?.longest ?? 0 };
    },
    changeOnePercent: () => changeOnePercent(url, relations),
    assertEquals: (catalog) => assertMapEqualsPostgres(url, catalog),
    close: () => admin.end(),
  };
}

async function openMysql(stack: BenchStack, relations: number): Promise<BenchSource> {
  const server = await startMariadb(stack.directory, await freePort());
  if (server === undefined) throw new Error('MariaDB is not installed: npm run test:servers brings it');
  await fillSyntheticMysql(server.url, 'bench_source', relations, progress(relations));
  const admin = await createConnection(server.url);
  await admin.query(`SET GLOBAL log_output = 'TABLE'`);
  return {
    type: 'mysql',
    url: `${server.url}bench_source`,
    database: 'bench_source',
    limitName: 'the sum of the bulk queries, streamed',
    limit: () => bulkReadMysql(server.url, 'bench_source'),
    resetStatements: async () => {
      await admin.query('SET GLOBAL general_log = OFF');
      await admin.query('TRUNCATE mysql.general_log');
      await admin.query('SET GLOBAL general_log = ON');
    },
    statements: async () => {
      await admin.query('SET GLOBAL general_log = OFF');
      const [rows] = await admin.query(
        `SELECT count(*) AS calls FROM mysql.general_log WHERE command_type IN ('Query', 'Execute') AND thread_id <> connection_id()`,
      );
      // The general log has no durations.
      return { calls: Number((rows as { calls: number }[])[0]?.calls), longest: Number.NaN };
    },
    changeOnePercent: () => changeOnePercentMysql(server.url, 'bench_source', relations),
    assertEquals: (catalog) => assertMapEqualsMysql(server.url, 'bench_source', catalog),
    close: async () => {
      await admin.end();
      await server.stop();
    },
  };
}

/** Says how far a long filling has come, on standard error. */
function progress(relations: number): (done: number) => void {
  let said = 0;
  return (done) => {
    if (done - said < 10_000 && done < relations) return;
    said = done;
    console.error(`source: ${done} of ${relations} relations`);
  };
}
