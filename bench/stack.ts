import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from '../cli/embedded/free-port.js';
import { startPostgres } from '../cli/embedded/postgres.js';
import { startTemporal } from '../cli/embedded/temporal.js';
import { resolveTemporalBinary } from '../cli/embedded/temporal-binary.js';
import { workerEnvironment } from '../cli/up/worker-memory.js';
import { processorSeconds } from './processor-time.js';
import { residentPeak, watchResident } from './resident-memory.js';

/** A PostgreSQL, a Temporal server and the built worker, of this bench's own. */
export interface BenchStack {
  /** A superuser's URL; databases are made beside it. */
  postgres: string;
  temporal: string;
  directory: string;
  /** @param template a database to copy, which nobody is connected to; an empty one when left out */
  createDatabase(name: string, template?: string): Promise<string>;
  startWorker(databaseUrl: string, secretKey: Buffer): Promise<BenchWorker>;
  stop(): Promise<void>;
}

export interface BenchWorker {
  /** The most memory the process has had resident, in bytes. */
  peakResident(): number;
  /** The most that it and its readers of statements have had resident at once, in bytes. */
  peakTogether(): number;
  /** What it has used until now. */
  processorSeconds(): number;
  stop(): Promise<void>;
  /** Ends it at once, as a lost machine would. */
  kill(): Promise<void>;
}

/** Starts the servers with their production settings for durability: fsync stays on. */
export async function startBenchStack(): Promise<BenchStack> {
  if (!existsSync('dist/worker/main.js'))
    throw new Error('The bench measures the built worker: run `npm run build` first');
  const directory = mkdtempSync(join(tmpdir(), 'datamap-bench-'));
  chmodSync(directory, 0o755);
  const postgres = await startPostgres({
    dataDirectory: join(directory, 'postgres'),
    port: await freePort(),
    settings: {
      shared_preload_libraries: 'pg_stat_statements',
      'pg_stat_statements.max': '10000',
      shared_buffers: '1GB',
      max_wal_size: '4GB',
      autovacuum: 'off',
    },
  });
  const temporal = await startTemporal({
    binary: await resolveTemporalBinary(resolve('.datamap'), console.error),
    port: await freePort(),
    logFile: join(directory, 'temporal.log'),
  }).catch(async (error: unknown) => {
    await postgres.stop();
    throw error;
  });
  const workers: BenchWorker[] = [];
  return {
    postgres: postgres.url,
    temporal: temporal.address,
    directory,
    createDatabase: (name, template) => createDatabase(postgres.url, name, template),
    startWorker: async (databaseUrl, secretKey) => {
      const worker = await startWorker(directory, { databaseUrl, secretKey, temporal: temporal.address });
      workers.push(worker);
      return worker;
    },
    stop: async () => {
      await Promise.allSettled(workers.map((worker) => worker.stop()));
      await temporal.stop();
      await postgres.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function createDatabase(serverUrl: string, name: string, template = 'template1'): Promise<string> {
  const admin = new pg.Client(serverUrl);
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  await admin.end();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function startWorker(
  directory: string,
  to: { databaseUrl: string; secretKey: Buffer; temporal: string },
): Promise<BenchWorker> {
  const healthPort = await freePort();
  const log = openSync(join(directory, `worker-${randomBytes(3).toString('hex')}.log`), 'a');
  const child: ChildProcess = spawn(process.execPath, ['dist/worker/main.js'], {
    stdio: ['ignore', log, log],
    env: {
      ...workerEnvironment(process.env),
      NODE_ENV: 'production',
      DATABASE_URL: to.databaseUrl,
      TEMPORAL_ADDRESS: to.temporal,
      DATAMAP_SECRET_KEY: to.secretKey.toString('base64'),
      WORKER_HEALTH_PORT: String(healthPort),
    },
  });
  const together = watchResident(child.pid ?? 0);
  const ended = new Promise<void>((done) => child.once('exit', () => done())).finally(together.stop);
  for (let attempt = 0; !(await answers(healthPort)); attempt += 1) {
    if (child.exitCode !== null || attempt > 600)
      throw new Error(`The worker did not start; its log is in ${directory}`);
    await delay(100);
  }
  return {
    peakResident: () => residentPeak(child.pid ?? 0),
    peakTogether: together.peak,
    processorSeconds: () => processorSeconds(child.pid ?? 0),
    stop: async () => {
      if (child.exitCode === null) child.kill('SIGTERM');
      await ended;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/healthz`)).ok;
  } catch {
    return false;
  }
}
