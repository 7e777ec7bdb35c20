import { expect, it } from 'vitest';
import { parseTarget } from '../../cli/commands/crawl-target.js';

it('takes a connection URL apart and keeps its password out of what is shown', () => {
  expect(parseTarget('postgres://ada:s3cret%21@db.example:6432/orders?sslmode=require')).toMatchObject({
    type: 'postgresql',
    config: { host: 'db.example', port: 6432, user: 'ada', tls: 'require' },
    secrets: { password: 's3cret!' },
    database: 'orders',
    shown: 'postgres://ada@db.example:6432/orders?sslmode=require',
  });
  expect(parseTarget('mysql://ada@db.example/orders')).toMatchObject({
    type: 'mysql',
    config: { port: 3306 },
    secrets: {},
  });
});

it('leaves the database open where the URL names none', () => {
  expect(parseTarget('postgres://ada@db.example').database).toBeUndefined();
});

it.each([
  ['orders', /not a connection URL/],
  ['oracle://ada@db.example/orders', /no connector for oracle:\/\//],
  ['postgres://db.example/orders', /names no host or no user/],
  ['postgres://ada:s3cret@db.example:99999/orders', /not a connection URL/],
  ['mysql://ada:s3cret@db.example/orders?ssl-mode=SOMETIMES', /ssl-mode=SOMETIMES/],
])('refuses %s as wrong usage, with how to write it and without the password', (url, reason) => {
  let refusal: unknown;
  try {
    parseTarget(url);
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(reason),
    remedy: expect.stringMatching(/:\/\//),
  });
  expect(`${String(refusal)} ${(refusal as { remedy: string }).remedy}`).not.toContain('s3cret');
});
