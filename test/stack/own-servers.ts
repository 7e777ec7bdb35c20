import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../cli/embedded/free-port.js';
import { startPostgres } from '../../cli/embedded/postgres.js';
import { startTemporal } from '../../cli/embedded/temporal.js';
import { resolveTemporalBinary } from '../../cli/embedded/temporal-binary.js';

/** A server that a test may kill and start again: what it stored and where it listens stay the same. */
export interface MortalServer {
  /** Kills it as a lost machine would. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** A PostgreSQL and a Temporal server for the tests of one file alone. */
export interface OwnServers {
  postgresUrl: string;
  postgres: MortalServer;
  temporalAddress: string;
  temporal: MortalServer;
  stop(): Promise<void>;
}

type Running = { process: import('node:child_process').ChildProcess; stop(): Promise<void> };

export async function startOwnServers(): Promise<OwnServers> {
  const directory = mkdtempSync(join(tmpdir(), 'datamap-own-'));
  chmodSync(directory, 0o755);
  const [postgresPort, temporalPort] = [await freePort(), await freePort()];
  const binary = await resolveTemporalBinary(resolve('.datamap'));
  const postgres = mortal(() =>
    startPostgres({
      dataDirectory: join(directory, 'postgres'),
      port: postgresPort,
      // Commits survive the process, if not the machine.
      settings: { fsync: 'off', max_connections: '100' },
    }),
  );
  const temporal = mortal(() =>
    startTemporal({
      binary,
      port: temporalPort,
      databaseFile: join(directory, 'temporal.db'),
      logFile: join(directory, 'temporal.log'),
    }),
  );
  await Promise.all([postgres.start(), temporal.start()]);
  return {
    postgresUrl: `postgres://datamap@127.0.0.1:${postgresPort}/postgres`,
    postgres,
    temporalAddress: `127.0.0.1:${temporalPort}`,
    temporal,
    stop: async () => {
      await Promise.allSettled([postgres.stop(), temporal.stop()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** How long a server's orphans may keep the next one from starting. Milliseconds. */
const ORPHANS = 20_000;

function mortal(start: () => Promise<Running>): MortalServer & { stop(): Promise<void> } {
  let running: Running | undefined;
  return {
    kill: async () => {
      running?.process.kill('SIGKILL');
      await running?.stop();
      running = undefined;
    },
    start: async () => {
      for (const deadline = Date.now() + ORPHANS; running === undefined; await delay(200)) {
        running = await start().catch((error: unknown) => {
          if (Date.now() > deadline) throw error;
          return undefined;
        });
      }
    },
    stop: async () => {
      await running?.stop();
    },
  };
}
