import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { InvalidConfig, readConfig } from '../../api/config.js';

const KEY = randomBytes(32).toString('base64');
const DATABASE = 'postgres://datamap:hunter2@localhost/datamap';

it('starts with a database and a key alone, on this machine only', () => {
  expect(readConfig({ DATABASE_URL: DATABASE, DATAMAP_SECRET_KEY: KEY })).toMatchObject({
    host: '127.0.0.1',
    port: 8080,
    api: { trustedProxies: 0, publicUrl: new URL('http://localhost:8080'), lineageStaleDays: 90 },
  });
});

it('takes an empty variable for one that is not set', () => {
  const config = readConfig({
    DATABASE_URL: DATABASE,
    DATAMAP_SECRET_KEY: KEY,
    MEILI_URL: '',
    DATAMAP_PUBLIC_URL: '',
    PORT: '',
  });
  expect([config.meili, config.port]).toEqual([undefined, 8080]);
});

it('names everything that is missing or wrong at once, and shows no value', () => {
  const read = () =>
    readConfig({ DATABASE_URL: 'mysql://root:hunter2@h/d', DATAMAP_SECRET_KEY: 'too-short-hunter2', PORT: 'http' });
  expect(read).toThrow(InvalidConfig);
  try {
    read();
  } catch (error) {
    const { message } = error as Error;
    expect(message).toMatch(/DATABASE_URL must be a URL such as postgres:/);
    expect(message).toMatch(/DATAMAP_SECRET_KEY must be 32 bytes .* openssl rand -base64 32/);
    expect(message).toMatch(/PORT must be/);
    expect(message).not.toContain('hunter2');
  }
});

it('says which variables are not set', () => {
  expect(() => readConfig({})).toThrow(/DATABASE_URL is not set\n.*DATAMAP_SECRET_KEY is not set/);
});
