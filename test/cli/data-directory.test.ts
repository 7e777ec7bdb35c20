import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Layout, layoutOf } from '../../cli/data-directory.js';
import { freePort } from '../../cli/embedded/free-port.js';
import { startPostgres } from '../../cli/embedded/postgres.js';
import { mayEnter, serverAccount } from '../../cli/embedded/postgres-account.js';
import { embeddedBinDirectory } from '../../cli/embedded/postgres-binaries.js';
import { clearPostgresLeftovers } from '../../cli/embedded/postgres-leftovers.js';
import { isAlive, markOf } from '../../cli/process-identity.js';
import { prepareDataDirectory } from '../../cli/up/data-directory-check.js';
import { foreseen } from '../../cli/up/failures.js';
import { holdDataDirectory } from '../../cli/up/instance-lock.js';
import { choosePorts } from '../../cli/up/ports.js';
import { placeForPostgres } from '../../cli/up/postgres-place.js';
import { endOrphans, openProcessBook } from '../../cli/up/process-book.js';
import { passwordsOf, secretKeyOf } from '../../cli/up/secrets.js';

let home: string;
let layout: Layout;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'datamap-data-'));
  chmodSync(home, 0o755);
  layout = layoutOf(join(home, 'data'));
  prepareDataDirectory(layout);
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

it('says what to do when the data directory cannot be one', () => {
  writeFileSync(join(home, 'file'), '');
  expect(() => prepareDataDirectory(layoutOf(join(home, 'file')))).toThrow(
    expect.objectContaining({ code: 'DATA_DIRECTORY', remedy: expect.stringContaining('--data-dir') }),
  );
});

it('is held by one instance at a time, and by the next when the holder was killed', async () => {
  const release = holdDataDirectory(layout);
  expect(() => holdDataDirectory(layout)).toThrow(expect.objectContaining({ code: 'ALREADY_RUNNING' }));
  release();
  const other = spawn('sleep', ['60']);
  const gone = new Promise((resolve) => other.once('exit', resolve));
  writeFileSync(layout.lock, JSON.stringify(markOf(other.pid ?? 0)));
  expect(() => holdDataDirectory(layout)).toThrow(/already runs/);
  other.kill('SIGKILL');
  await gone;
  holdDataDirectory(layout)();
});

it('keeps its ports, gives way where one is taken, and refuses a taken one that was asked for', async () => {
  const first = await choosePorts(layout.ports);
  expect(new Set(Object.values(first)).size).toBe(5);
  expect(await choosePorts(layout.ports)).toEqual(first);
  const other = createServer();
  await new Promise<void>((done) => other.listen(first.postgres, '127.0.0.1', done));
  const second = await choosePorts(layout.ports);
  expect(second).toMatchObject({ api: first.api, temporal: first.temporal });
  expect(second.postgres).not.toBe(first.postgres);
  await expect(choosePorts(layout.ports, first.postgres)).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    remedy: expect.stringContaining('--port'),
  });
  await new Promise((done) => other.close(done));
});

it('makes a key and passwords once, for its owner only, and does not make them anew over a cluster', () => {
  delete process.env['DATAMAP_SECRET_KEY'];
  const key = secretKeyOf(layout);
  expect(Buffer.from(key, 'base64')).toHaveLength(32);
  expect(secretKeyOf(layout)).toBe(key);
  const passwords = passwordsOf(layout, layout.postgres);
  expect(passwordsOf(layout, layout.postgres)).toEqual(passwords);
  for (const file of [layout.secretKey, layout.passwords]) expect(statSync(file).mode & 0o777).toBe(0o600);
  rmSync(layout.passwords);
  mkdirSync(layout.postgres);
  expect(() => passwordsOf(layout, layout.postgres)).toThrow(expect.objectContaining({ code: 'PASSWORDS_LOST' }));
});

it('ends what an instance that was killed has left running, and nobody else', async () => {
  const orphan = spawn('sleep', ['60']);
  const stranger = spawn('sleep', ['60']);
  const book = openProcessBook(layout.processes);
  book.note('worker', orphan.pid ?? 0);
  book.note('api', stranger.pid ?? 0);
  // By now the id belongs to another process.
  const written = JSON.parse(readFileSync(layout.processes, 'utf8'));
  writeFileSync(layout.processes, JSON.stringify({ ...written, api: { ...written.api, started: '1' } }));
  expect(await endOrphans(layout.processes)).toEqual(['worker']);
  expect(isAlive(markOf(stranger.pid ?? 0))).toBe(true);
  stranger.kill('SIGKILL');
});

it('does not let a recycled process id in postmaster.pid keep PostgreSQL from starting, and ends a server that is left', async () => {
  const options = { dataDirectory: layout.postgres, port: await freePort(), settings: { fsync: 'off' } };
  const left = await startPostgres(options);
  const ended = new Promise((resolve) => left.process.once('exit', resolve));
  await clearPostgresLeftovers(layout.postgres);
  await ended;
  writeFileSync(join(layout.postgres, 'postmaster.pid'), `${process.pid}\n${layout.postgres}\n`);
  const next = await startPostgres(options);
  await next.stop();
}, 60_000);

it('says that the disk is full, whoever noticed', () => {
  const full = Object.assign(new Error('write failed'), { code: 'ENOSPC' });
  const postgres = Object.assign(new Error('PostgreSQL ended while starting: FATAL: No space left on device'), {
    code: 'POSTGRES_START_FAILED',
  });
  for (const error of [full, postgres])
    expect(foreseen(error, '/data')).toMatchObject({ code: 'DISK_FULL', message: expect.stringContaining('/data') });
});

it('puts PostgreSQL where its account can get to, when only root may enter the data directory', () => {
  const account = serverAccount();
  if (account === undefined) {
    // Nobody but root lends an account: the server is our own, and can go wherever we can.
    chmodSync(home, 0o700);
    expect(placeForPostgres(layout)).toEqual({ directory: layout.postgres, elsewhere: false });
    return;
  }
  expect(mayEnter(account, embeddedBinDirectory(account))).toBe(true);
  expect(placeForPostgres(layout)).toEqual({ directory: layout.postgres, elsewhere: false });
  chmodSync(home, 0o700);
  const place = placeForPostgres(layout);
  expect(place.elsewhere).toBe(true);
  expect(mayEnter(account, join(place.directory, '..'))).toBe(true);
  expect(placeForPostgres(layout), 'the same at the next start').toEqual(place);
  rmSync(join(place.directory, '..'), { recursive: true });
});
