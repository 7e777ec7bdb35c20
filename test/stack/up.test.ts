import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, inject, it, vi } from 'vitest';
import { freePort } from '../../cli/embedded/free-port.js';
import { endOrphans } from '../../cli/up/process-book.js';
import { alive, datamap, processesOf, startUp, type UpProcess } from './up-process.js';

let home: string;
let data: string;
const started: UpProcess[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'datamap-up-'));
  // The account that root lends to PostgreSQL has to get to the data directory.
  chmodSync(home, 0o755);
  data = join(home, 'data');
});

afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
  await endOrphans(join(data, 'processes.json'));
  rmSync(home, { recursive: true, force: true });
});

function up(...options: string[]): UpProcess {
  const process = startUp(data, home, ...options);
  started.push(process);
  return process;
}

async function end(process: UpProcess, signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
  process.child.kill(signal);
  return process.ended;
}

it('collects the sample at the first start, ends in order, and has lost nothing at the second start', async () => {
  const port = await freePort();
  const first = up('--port', String(port));
  await first.ready;
  expect(first.said()).toContain('Collected the sample shop: 1 database, 15 tables, 81 columns in ');
  expect(first.said()).toMatch(/npx datamap search "custmer ordr"\n {2}shop\.sales\.customer_order/);
  expect(first.said()).toContain(`Console      http://localhost:${port}\n`);
  const temporalUi = /Temporal UI {2}(\S+)/.exec(first.said())?.[1] ?? '';
  expect((await fetch(temporalUi)).status).toBe(200);

  const link = /\/login#(\S+)/.exec(first.said())?.[1];
  const signIn = () =>
    fetch(`http://localhost:${port}/api/v1/session/link`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ link }),
    });
  expect((await signIn()).status).toBe(201);
  expect((await signIn()).status, 'the link works once').toBe(401);

  const again = up();
  expect(await again.ended).toBe(1);
  expect(again.said()).toContain(`Datamap already runs on ${data}: http://localhost:${port}`);

  const processes = processesOf(data);
  expect(alive(processes).sort()).toEqual(['api', 'postgres', 'temporal', 'worker']);
  expect(await end(first, 'SIGINT')).toBe(0);
  expect(first.said()).toMatch(/Ending .*\n {2}API\n {2}worker\n {2}Temporal server\n {2}PostgreSQL\nEnded\./);
  expect(alive(processes)).toEqual([]);

  const second = up();
  await second.ready;
  expect(second.said()).toContain('On the map: 1 database, 15 tables, 81 columns.');
  expect(second.said(), 'the port is kept').toContain(`http://localhost:${port}\n`);
  const found = await datamap(home, 'search', 'custmer ordr', '--data-dir', data, '--json');
  expect(JSON.parse(found.out).hits[0].document.qualifiedName).toBe('shop.sales.customer_order');
  expect(await end(second, 'SIGTERM')).toBe(0);
}, 180_000);

it('starts what dies again, and recovers from being killed itself', async () => {
  const first = up('--no-sample', '--port', String(await freePort()));
  await first.ready;
  expect(first.said()).toContain('The map is empty.');
  const before = processesOf(data);
  process.kill(before['worker']?.pid ?? 0, 'SIGKILL');
  await vi.waitFor(() => expect(first.said()).toContain('The worker is running again.'), { timeout: 60_000 });
  const processes = processesOf(data);
  expect(processes['worker']?.pid).not.toBe(before['worker']?.pid);

  await end(first, 'SIGKILL');
  await vi.waitFor(
    () => expect(alive(processes).sort(), 'our own programs end with it').toEqual(['postgres', 'temporal']),
    {
      timeout: 60_000,
    },
  );
  const second = up('--no-sample');
  await second.ready;
  expect(second.said()).toContain('Ended what an earlier start had left running: temporal, postgres.');
  expect(alive(processes)).toEqual([]);
  expect(await end(second, 'SIGINT')).toBe(0);
}, 180_000);

it('says what to do when the port that was asked for is taken, and starts nothing', async () => {
  // The test run's own PostgreSQL listens there.
  const first = up('--no-sample', '--port', new URL(inject('postgres')).port);
  expect(await first.ended).toBe(1);
  expect(first.said()).toMatch(/Port \d+ is taken by another program[\s\S]*--port/);
});

it('says what to do when the Meilisearch on the PATH does not start', async () => {
  const bin = join(home, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'meilisearch'), '#!/bin/sh\necho "the database is of another version" >&2\nexit 1\n', {
    mode: 0o755,
  });
  vi.stubEnv('PATH', `${bin}:${process.env['PATH']}`);
  const failing = up('--no-sample', '--search', 'auto', '--port', String(await freePort()));
  vi.unstubAllEnvs();
  expect(await failing.ended).toBe(1);
  expect(failing.said()).toContain('Meilisearch ended while starting (exit code 1)');
  expect(failing.said()).toContain('the database is of another version');
  expect(failing.said()).toContain('or start with --search postgresql');
  expect(alive(processesOf(data))).toEqual([]);
}, 60_000);
