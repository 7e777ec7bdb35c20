import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../cli/embedded/free-port.js';
import type { Installation } from './installation.js';
import { processorSeconds } from './processor-time.js';
import type { BenchStack } from './stack.js';

/** The built API in a process of its own, as people reach it. */
export interface ApiProcess {
  url: string;
  port: number;
  /** Milliseconds of processor time that it has taken so far. */
  cpu(): number;
  stop(): Promise<void>;
}

/** Where an API of an installation finds everything. */
export const beside = (
  { temporal, directory }: BenchStack,
  { url, secretKey }: Pick<Installation, 'url' | 'secretKey'>,
) => ({
  databaseUrl: url,
  secretKey,
  temporal,
  log: join(directory, 'api.log'),
});

/**
 * Starts the built API on a catalog and waits until it answers.
 * @param to.temporal left out for who only reads, and needs none
 * @param to.meili the engine that it searches with; left out for PostgreSQL
 * @param to.log the file that its log goes to, with a line for each request
 */
export async function startApi(to: {
  databaseUrl: string;
  secretKey?: Buffer;
  temporal?: string;
  log?: string;
  meili?: { url: string; key: string };
}): Promise<ApiProcess> {
  if (!existsSync('dist/api/main.js')) throw new Error('The bench measures the built API: run `npm run build` first');
  const port = await freePort();
  const log = to.log === undefined ? 'ignore' : openSync(to.log, 'a');
  const child = spawn(process.execPath, ['dist/api/main.js'], {
    stdio: ['ignore', log, to.log === undefined ? 'inherit' : log],
    env: {
      ...process.env,
      NODE_ENV: 'production',
      DATABASE_URL: to.databaseUrl,
      DATAMAP_SECRET_KEY: (to.secretKey ?? randomBytes(32)).toString('base64'),
      TEMPORAL_ADDRESS: to.temporal ?? `127.0.0.1:${await freePort()}`,
      PORT: String(port),
      MEILI_URL: to.meili?.url ?? '',
      ...(to.meili === undefined ? {} : { MEILI_MASTER_KEY: to.meili.key }),
    },
  });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const stop = async () => {
    if (child.exitCode === null) child.kill('SIGTERM');
    await ended;
  };
  const url = `http://127.0.0.1:${port}`;
  const asked = `${url}/${to.temporal === undefined ? 'healthz' : 'readyz'}`;
  for (let attempt = 0; !(await answers(asked)); attempt += 1) {
    if (child.exitCode === null && attempt < 600) await delay(100);
    else {
      await stop();
      throw new Error(`The API did not start${to.log === undefined ? '' : `; its log is ${to.log}`}`);
    }
  }
  return { url, port, cpu: () => processorSeconds(child.pid ?? 0) * 1_000, stop };
}

async function answers(address: string): Promise<boolean> {
  try {
    return (await fetch(address)).ok;
  } catch {
    return false;
  }
}
