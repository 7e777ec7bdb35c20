import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { SEARCH_ATTRIBUTES } from '../../workflows/contract.js';
import { lastLines } from './log-file.js';

export interface RunningTemporal {
  address: string;
  uiUrl: string | undefined;
  process: ChildProcess;
  stop(): Promise<void>;
}

/** Starts the Temporal dev server with a database file, so that runs and schedules survive a restart, and returns when its port is open. */
export async function startTemporal(options: {
  binary: string;
  port: number;
  /** No web UI without one. */
  uiPort?: number;
  /** Held in memory without one. */
  databaseFile?: string;
  /** Settings of the server itself, by name; values as JSON. */
  dynamicConfig?: Record<string, string>;
  logFile: string;
  /** Told the id of the server's process as soon as there is one, before it answers. */
  onSpawn?(pid: number): void;
}): Promise<RunningTemporal> {
  const ui =
    options.uiPort === undefined ? ['--headless'] : ['--ui-port', String(options.uiPort), '--ui-ip', '127.0.0.1'];
  const log = openSync(options.logFile, 'a');
  const child = spawn(
    options.binary,
    [
      'server',
      'start-dev',
      '--ip',
      '127.0.0.1',
      '--port',
      String(options.port),
      '--log-level',
      'warn',
      ...ui,
      ...(options.databaseFile === undefined ? [] : ['--db-filename', options.databaseFile]),
      ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
      ...Object.entries(options.dynamicConfig ?? {}).flatMap(([name, value]) => [
        '--dynamic-config-value',
        `${name}=${value}`,
      ]),
    ],
    // Its own process group, for the reason given at PostgreSQL's start.
    { detached: true, stdio: ['ignore', log, log] },
  );
  closeSync(log);
  if (child.pid !== undefined) options.onSpawn?.(child.pid);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const deadline = Date.now() + 60_000;
  while (!(await portIsOpen(options.port))) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`The Temporal server ended while starting: ${lastLines(options.logFile)}`);
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(
        `The Temporal server did not open port ${options.port} within a minute: ${lastLines(options.logFile)}`,
      );
    }
    await delay(100);
  }
  return {
    address: `127.0.0.1:${options.port}`,
    uiUrl: options.uiPort === undefined ? undefined : `http://127.0.0.1:${options.uiPort}`,
    process: child,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
      await ended;
    },
  };
}

function portIsOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
