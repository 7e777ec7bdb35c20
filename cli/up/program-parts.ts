import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Database, openDatabase } from '../../db/database.js';
import { runChild, startChild } from './child.js';
import { programCommand } from './programs.js';
import type { Part } from './supervisor.js';
import { workerEnvironment } from './worker-memory.js';

export interface ProgramOptions {
  env: NodeJS.ProcessEnv;
  logs: string;
  watch: boolean;
  note(pid: number): void;
}

/** Milliseconds a program gets until it does its work: the first start of a cold machine is slow. */
const PATIENCE = 60_000;

/** The API's process as a part of the stack. */
export function apiPart(options: ProgramOptions & { port: number }): Part {
  return {
    name: 'API',
    patience: 15_000,
    start: () =>
      startChild({
        ...programCommand('api/main', options.watch),
        env: options.env,
        logFile: join(options.logs, 'api.log'),
        onSpawn: options.note,
        ready: (ended) => until('The API', ended, () => answers(`http://127.0.0.1:${options.port}/healthz`)),
      }),
  };
}

/** Fills the search index from the catalog; what is searched meanwhile is the old one. */
export function fillSearch({ env, logs, note }: Omit<ProgramOptions, 'watch'>): Promise<void> {
  return runChild('Filling the search index', {
    ...programCommand('search/rebuild-main', false),
    env,
    logFile: join(logs, 'search-rebuild.log'),
    onSpawn: note,
  });
}

/** The embedded Meilisearch as a part of the stack. */
export function meilisearchPart(options: {
  binary: string;
  port: number;
  key: string;
  directory: string;
  logs: string;
  note(pid: number): void;
}): Part {
  return {
    name: 'Meilisearch',
    patience: 10_000,
    start: () =>
      startChild({
        command: options.binary,
        args: [
          ...['--http-addr', `127.0.0.1:${options.port}`, '--env', 'production', '--no-analytics'],
          ...['--db-path', options.directory],
          ...['--dump-dir', join(options.directory, 'dumps'), '--snapshot-dir', join(options.directory, 'snapshots')],
        ],
        // Not as an argument: every account of the machine can read those.
        env: { ...process.env, MEILI_MASTER_KEY: options.key },
        logFile: join(options.logs, 'meilisearch.log'),
        onSpawn: options.note,
        remedy: `Delete ${options.directory}, from which nothing is lost, if another version wrote it; or start with --search postgresql.`,
        ready: (ended) => until('Meilisearch', ended, () => answers(`http://127.0.0.1:${options.port}/health`)),
      }),
  };
}

/** The worker's process as a part of the stack. */
export function workerPart(options: ProgramOptions & { databaseUrl: string }): Part {
  return {
    name: 'worker',
    // Its own limit for what it is still collecting is 60 s.
    patience: 65_000,
    start: async () => {
      const database = openDatabase(options.databaseUrl, { max: 1, name: 'datamap-up' });
      try {
        const since = await now(database);
        return await startChild({
          ...programCommand('worker/main', options.watch),
          env: workerEnvironment(options.env),
          logFile: join(options.logs, 'worker.log'),
          onSpawn: options.note,
          ready: (ended) => until('The worker', ended, () => reported(database, since)),
        });
      } finally {
        await database.destroy();
      }
    },
  };
}

/** Waits until something is so, and gives up when the process has ended or a minute has passed. */
async function until(who: string, ended: Promise<string>, isSo: () => Promise<boolean>): Promise<void> {
  let over: string | undefined;
  void ended.then((reason) => {
    over = reason;
  });
  for (const deadline = Date.now() + PATIENCE; ; await delay(100)) {
    if (over !== undefined) throw new Error(`${who} ended while starting (${over})`);
    if (await isSo()) return;
    if (Date.now() > deadline) throw new Error(`${who} was not ready within ${PATIENCE / 1000} s`);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

async function now(database: Database): Promise<Date> {
  const { rows } = await database.raw<{ rows: { now: Date }[] }>('SELECT now() AS now');
  return rows[0]?.now ?? new Date(0);
}

/** A worker takes tasks of a group once it has written down that it serves it. */
async function reported(database: Database, since: Date): Promise<boolean> {
  const { rows } = await database.raw<{ rows: unknown[] }>('SELECT FROM worker_process WHERE started_at >= ? LIMIT 1', [
    since,
  ]);
  return rows.length > 0;
}
