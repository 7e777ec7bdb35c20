import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../cli/embedded/free-port.js';
import type { Installation } from './installation.js';
import type { BenchStack } from './stack.js';

/** The built API as a process of its own, on the catalog of an installation. */
export interface RunningApi {
  url: string;
  process: ChildProcess;
  stop(): Promise<void>;
}

/** Starts the built API and waits until it is ready. Its log, with a line for each request, goes into a file. */
export async function startApi(stack: BenchStack, { url, secretKey }: Installation): Promise<RunningApi> {
  const port = await freePort();
  const log = openSync(join(stack.directory, 'api.log'), 'a');
  const child = spawn(process.execPath, ['dist/api/main.js'], {
    stdio: ['ignore', log, log],
    env: {
      ...process.env,
      NODE_ENV: 'production',
      DATABASE_URL: url,
      TEMPORAL_ADDRESS: stack.temporal,
      DATAMAP_SECRET_KEY: secretKey.toString('base64'),
      PORT: String(port),
    },
  });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const address = `http://127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt += 1) {
    const ready = await fetch(`${address}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) break;
    if (child.exitCode !== null || attempt > 600)
      throw new Error(`The API did not start; its log is in ${stack.directory}`);
    await delay(100);
  }
  return {
    url: address,
    process: child,
    stop: async () => {
      if (child.exitCode === null) child.kill('SIGTERM');
      await ended;
    },
  };
}
