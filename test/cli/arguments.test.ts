import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../cli/embedded/free-port.js';
import { datamap } from '../stack/up-process.js';

let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'datamap-arguments-'));
});

afterAll(() => rmSync(home, { recursive: true }));

/** An address at which nothing listens. */
const nowhere = async () => `http://127.0.0.1:${await freePort()}`;

it.each([
  [['frobnicate'], /unknown command 'frobnicate'/],
  [['crawl'], /missing required argument 'url'/],
  [['runs', '--colour'], /unknown option '--colour'/],
  [['up', '--port', 'http'], /It is a number from 1 to 65535/],
  [['search', 'orders', '--limit', '1000'], /It is a number from 1 to 100/],
  [['logs', '1', '--level', 'loud'], /Allowed choices are debug, info, warn, error/],
  [['runs', '--url', 'localhost'], /localhost is not the address of a Datamap/],
])('ends with exit code 2 and says why for datamap %j', async (args, reason) => {
  const { code, out, err } = await datamap(home, ...args);
  expect(err).toMatch(reason);
  expect(out).toBe('');
  expect(code).toBe(2);
});

it('ends with exit code 1, cause and remedy when nothing answers', async () => {
  const { code, err } = await datamap(home, 'runs', '--url', await nowhere(), '--token', 'dm_x');
  expect(err).toMatch(/http:\/\/127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED[\s\S]*Check the address/);
  expect(code).toBe(1);
});

it('says so when something else than a Datamap answers', async () => {
  const server = createServer((_request, response) => response.end('<h1>A web site</h1>'));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, err } = await datamap(home, 'runs', '--url', url, '--token', 'dm_x');
  server.close();
  expect(err).toContain(`${url} answered 200, and not as a Datamap does.`);
  expect(code).toBe(1);
});

it('answers a failure in JSON too where JSON was asked for', async () => {
  const { code, out } = await datamap(home, 'runs', '--json', '--url', await nowhere(), '--token', 'dm_x');
  expect(JSON.parse(out)).toMatchObject({ error: { code: 'SERVER_UNREACHABLE', remedy: expect.any(String) } });
  expect(code).toBe(1);
});
