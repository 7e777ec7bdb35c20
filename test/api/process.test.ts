import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, expect, inject, it } from 'vitest';
import { freePort } from '../../cli/embedded/free-port.js';
import { emptyDatabase } from '../servers/test-database.js';

let running: ChildProcess | undefined;

afterEach(() => {
  if (running?.exitCode === null) running.kill('SIGKILL');
});

function start(environment: Record<string, string>) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'api/main.ts'], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running = child;
  const output: string[] = [];
  child.stdout.on('data', (chunk) => output.push(String(chunk)));
  child.stderr.on('data', (chunk) => output.push(String(chunk)));
  return { child, exited: once(child, 'exit') as Promise<[number | null]>, output: () => output.join('') };
}

it('migrates an empty database, answers although Temporal is away, and ends in order', async () => {
  const { url, drop } = await emptyDatabase(inject('postgres'));
  const [port, nobody] = [await freePort(), await freePort()];
  try {
    const api = start({
      DATABASE_URL: url,
      DATAMAP_SECRET_KEY: randomBytes(32).toString('base64'),
      PORT: String(port),
      TEMPORAL_ADDRESS: `127.0.0.1:${nobody}`,
    });
    const ready = async () => {
      const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
      return response === undefined ? undefined : ((await response.json()) as object);
    };
    await expect
      .poll(ready, { timeout: 25_000 })
      .toEqual({ status: 'degraded', parts: { database: 'up', temporal: 'down', search: 'up' } });
    expect(api.output()).toContain('datamap login-link');
    api.child.kill('SIGTERM');
    expect(await api.exited).toEqual([0, null]);
    expect(api.output()).not.toContain(new URL(url).password || 'no password');
  } finally {
    await drop();
  }
});

it('says what to do when its port is taken', async () => {
  const { url, drop } = await emptyDatabase(inject('postgres'));
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  try {
    const api = start({ DATABASE_URL: url, DATAMAP_SECRET_KEY: randomBytes(32).toString('hex'), PORT: String(port) });
    expect((await api.exited)[0]).toBe(1);
    expect(api.output()).toContain(`The API cannot listen on 127.0.0.1:${port}: another program uses it`);
  } finally {
    taken.close();
    await drop();
  }
});

it('says what is missing instead of starting half', async () => {
  const api = start({});
  expect((await api.exited)[0]).toBe(1);
  expect(api.output()).toMatch(/DATABASE_URL is not set/);
  expect(api.output()).not.toMatch(/\bat .*\.ts:/);
});
