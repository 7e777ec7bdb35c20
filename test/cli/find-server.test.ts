import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DEFAULT_DATA_DIRECTORY } from '../../cli/data-directory.js';
import { markOf } from '../../cli/process-identity.js';
import { findServer } from '../../cli/server/find-server.js';
import { announceInstance, instanceAt, withdrawInstance } from '../../cli/server/instances.js';
import { keepLogin } from '../../cli/server/logins.js';

let home: string;
const announced: string[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'datamap-home-'));
  process.env['DATAMAP_CONFIG_DIR'] = join(home, 'config');
});

afterEach(() => {
  delete process.env['DATAMAP_CONFIG_DIR'];
  for (const directory of announced.splice(0)) withdrawInstance(directory);
  rmSync(home, { recursive: true, force: true });
});

function announce(name: string, url: string, pid = process.pid): string {
  const dataDirectory = join(home, name);
  announceInstance({ dataDirectory, url, token: `token of ${name}`, process: markOf(pid) });
  announced.push(dataDirectory);
  return dataDirectory;
}

// An instance that a developer runs on the project itself would be found first.
const idle = instanceAt(DEFAULT_DATA_DIRECTORY) === undefined;

it.runIf(idle)('finds the only instance that runs', () => {
  announce('one', 'http://localhost:8080');
  expect(findServer({}, {})).toMatchObject({ url: 'http://localhost:8080', token: 'token of one' });
});

it.runIf(idle)('asks which one when several run, and takes the one whose data directory is named', () => {
  announce('one', 'http://localhost:8080');
  const two = announce('two', 'http://localhost:8081');
  expect(() => findServer({}, {})).toThrow(/Several Datamaps are running[\s\S]*8080[\s\S]*8081/);
  expect(findServer({ dataDir: two }, {})).toMatchObject({ url: 'http://localhost:8081', token: 'token of two' });
});

it.runIf(idle)('passes over an instance that was killed', async () => {
  const child = spawn('sleep', ['60']);
  const directory = announce('gone', 'http://localhost:8080', child.pid);
  expect(instanceAt(directory)).toBeDefined();
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
  expect(instanceAt(directory)).toBeUndefined();
  expect(() => findServer({}, {})).toThrow(/No Datamap is running here/);
});

it('does not take another process with the same id for the instance', () => {
  const directory = join(home, 'recycled');
  announceInstance({
    dataDirectory: directory,
    url: 'http://x',
    token: 't',
    process: { pid: process.pid, started: '1' },
  });
  announced.push(directory);
  expect(instanceAt(directory)).toBeUndefined();
});

it('prefers what is said over the environment, and both over what is found', () => {
  announce('one', 'http://localhost:8080');
  const environment = { DATAMAP_URL: 'https://datamap.example/', DATAMAP_TOKEN: 'from the environment' };
  expect(findServer({}, environment)).toEqual({ url: 'https://datamap.example', token: 'from the environment' });
  expect(findServer({ url: 'https://other.example', token: 'said' }, environment)).toEqual({
    url: 'https://other.example',
    token: 'said',
  });
});

it('takes the token of the last login for its address, and no other', () => {
  keepLogin({ url: 'https://datamap.example', token: 'kept', email: 'ada@datamap.example' });
  expect(findServer({ url: 'https://datamap.example' }, {})).toMatchObject({ token: 'kept' });
  expect(() => findServer({ url: 'https://other.example' }, {})).toThrow(/no token for https:\/\/other\.example/);
});

it('refuses what is not an address, as wrong usage', () => {
  expect(() => findServer({ url: 'localhost:8080' }, {})).toThrow(
    expect.objectContaining({ exitCode: 2, message: expect.stringContaining('is not the address of a Datamap') }),
  );
});

it('keeps tokens in files that only their owner may read', () => {
  const directory = announce('one', 'http://localhost:8080');
  keepLogin({ url: 'https://datamap.example', token: 'kept', email: 'ada@datamap.example' });
  expect(statSync(join(directory, 'instance.json')).mode & 0o777).toBe(0o600);
  expect(statSync(join(home, 'config', 'login.json')).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory)).toEqual(['instance.json']);
});
