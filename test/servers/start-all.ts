import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { freePort } from '../../cli/embedded/free-port.js';
import { startPostgres } from '../../cli/embedded/postgres.js';
import { startTemporal } from '../../cli/embedded/temporal.js';
import { resolveTemporalBinary } from '../../cli/embedded/temporal-binary.js';
import { migrate, openDatabase } from '../../db/database.js';
import { startMariadb } from './mariadb.js';
import { hasMysql } from './mysql.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A superuser's URL of the PostgreSQL 18 that holds our own catalogs, and serves as a source. */
    postgres: string;
    /** PostgreSQL 15, a source of another version; empty where it is not installed. */
    postgres15: string;
    /** MariaDB as root; empty where it is not installed. */
    mariadb: string;
    /** Address of a Temporal server. */
    temporal: string;
    /** A file with the bundled workflows. */
    workflowBundle: string;
    /** The database that tests clone: migrated, empty. */
    template: string;
  }
}

/** A Python with OpenLineage's client, where `npm run test:servers` puts it. */
export const OPENLINEAGE_PYTHON = resolve('.datamap/test-tools/openlineage-python/bin/python');
/** Where install-spark.sh lays out Spark with OpenLineage's listener; `installed` is there when all of it is. */
export const SPARK_HOME = resolve('.datamap/test-tools/spark');
const TEMPLATE = 'datamap_template';
/** For tests only: what is in these clusters need not survive the machine. */
const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' };

/** Starts each server once for the whole run; test files isolate themselves by database, task queue and workflow id. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = mkdtempSync(join(tmpdir(), 'datamap-test-'));
  chmodSync(directory, 0o755);
  const stops: (() => Promise<void>)[] = [];
  try {
    const [postgres, postgres15, mariadb, temporal, bundle] = await Promise.all([
      startPostgres({
        dataDirectory: join(directory, 'postgres18'),
        port: await freePort(),
        settings: { ...FAST, shared_preload_libraries: 'pg_stat_statements' },
      }),
      startDebianPostgres15(directory),
      freePort().then((port) => startMariadb(directory, port)),
      startTestTemporal(directory),
      bundleWorkflows(directory),
    ]);
    for (const server of [postgres, postgres15, mariadb, temporal])
      if (server !== undefined) stops.push(() => server.stop());
    await prepareTemplate(postgres.url);
    project.provide('postgres', postgres.url);
    project.provide('postgres15', postgres15?.url ?? '');
    project.provide('mariadb', mariadb?.url ?? '');
    project.provide('temporal', temporal.address);
    project.provide('workflowBundle', bundle);
    project.provide('template', TEMPLATE);
    if (!hasMysql()) console.warn('\n*** NOT TESTED, because not unpacked: MySQL. To have it: npm run test:servers\n');
    reportMissing({
      'PostgreSQL 15 (Debian postgresql-15)': postgres15,
      'MariaDB (Debian mariadb-server)': mariadb,
      "OpenLineage's client (PyPI openlineage-python)": existsSync(OPENLINEAGE_PYTHON) ? OPENLINEAGE_PYTHON : undefined,
      "Spark with OpenLineage's listener (PyPI pyspark)": existsSync(join(SPARK_HOME, 'installed'))
        ? SPARK_HOME
        : undefined,
    });
  } catch (error) {
    await Promise.allSettled(stops.map((stop) => stop()));
    throw error;
  }
  return async () => {
    await Promise.allSettled(stops.map((stop) => stop()));
    rmSync(directory, { recursive: true, force: true });
  };
}

async function startDebianPostgres15(directory: string) {
  const binDirectory = '/usr/lib/postgresql/15/bin';
  if (!existsSync(join(binDirectory, 'postgres'))) return undefined;
  return startPostgres({
    binDirectory,
    dataDirectory: join(directory, 'postgres15'),
    port: await freePort(),
    settings: { ...FAST, shared_preload_libraries: 'pg_stat_statements' },
  });
}

async function startTestTemporal(directory: string) {
  const binary = await resolveTemporalBinary(resolve('.datamap'), console.log);
  return startTemporal({ binary, port: await freePort(), logFile: join(directory, 'temporal.log') });
}

async function bundleWorkflows(directory: string): Promise<string> {
  const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error: console.error };
  const { code } = await bundleWorkflowCode({ workflowsPath: resolve('workflows/index.ts'), logger: quiet });
  const file = join(directory, 'workflows.js');
  writeFileSync(file, code);
  return file;
}

async function prepareTemplate(url: string): Promise<void> {
  const admin = new pg.Client(url);
  await admin.connect();
  await admin.query(`CREATE DATABASE ${TEMPLATE}`);
  await admin.end();
  const target = new URL(url);
  target.pathname = `/${TEMPLATE}`;
  const database = openDatabase(target.href, { name: 'datamap-test-template' });
  await migrate(database);
  await database.destroy();
}

/** A server that is not there is said out loud; in CI it is an error. */
function reportMissing(servers: Record<string, unknown>): void {
  const missing = Object.entries(servers)
    .filter(([, server]) => server === undefined)
    .map(([name]) => name);
  if (missing.length === 0) return;
  const message = `NOT TESTED, because not installed: ${missing.join('; ')}. To install them: npm run test:servers`;
  if (process.env['CI'] === 'true') throw new Error(message);
  console.warn(`\n*** ${message}\n`);
}
