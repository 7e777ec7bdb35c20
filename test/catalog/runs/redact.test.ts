import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRedactor } from '../../../catalog/runs/redact.js';

const redact = createRedactor();

test.each([
  ['postgres://app:s3cret@db:5432/shop', 'postgres://app:***@db:5432/shop'],
  ['mysql://root:p@ss/w@rd@db/shop failed', 'mysql://root:***@db/shop failed'],
  ['redis://:s3cret@cache', 'redis://:***@cache'],
  ['https://db.example.org:8443/path', 'https://db.example.org:8443/path'],
  ['host=db password=s3cret user=app', 'host=db password=*** user=app'],
  ["password='it''s s3cret' user=app", 'password=*** user=app'],
  ['{"password":"s3\\"cret","user":"app"}', '{"password":***,"user":"app"}'],
  ['body: "{\\"token\\":\\"s3cret\\",\\"a\\":1}"', 'body: "{\\"token\\":***,\\"a\\":1}"'],
  ['DB_PASSWORD: s3cret', 'DB_PASSWORD: ***'],
  ['clientSecret=s3cret, userToken = "s3cret"', 'clientSecret=***, userToken = ***'],
  ['compass: north', 'compass: north'],
  ['api_key => s3cret', 'api_key => ***'],
  ['?access_key_secret=s3cret&region=x', '?access_key_secret=***&region=x'],
  ['Authorization: Bearer abcdef.s3cret', 'Authorization: *** ***'],
  ['sent Bearer abcdefs3cret', 'sent Bearer ***'],
  ["CREATE USER u IDENTIFIED BY 's3cret'", 'CREATE USER u IDENTIFIED BY ***'],
  ["ALTER ROLE u WITH PASSWORD 's3cret'", 'ALTER ROLE u WITH PASSWORD ***'],
  ['-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY----- done', '*** done'],
  ['-----BEGIN RSA PRIVATE KEY-----\ns3cret that was cut', '***'],
  ['token dm_abcdefghijklmnop1234', 'token ***'],
  ['eyJhbGciOi.eyJzdWIiOi.s3cret_-x', '***'],
  ['the tokenizer read 12 tokens', 'the tokenizer read 12 tokens'],
  ['table public.passwords has 3 columns', 'table public.passwords has 3 columns'],
])('%s', (text, expected) => {
  const masked = redact.text(text);
  expect(masked).toBe(expected);
  expect(masked).not.toContain('s3cret');
});

test('fields are masked by their names at any depth, and inside their text', () => {
  expect(
    redact.value({
      host: 'db',
      password: 's3cret',
      nested: [{ apiKey: 's3cret', clientSecret: 1234, tls: { privateKey: 'x' } }],
      url: 'mysql://a:s3cret@b/c',
      passwordSet: true,
      count: 3,
      big: 12n,
      at: new Date(0),
      error: new Error('password=s3cret'),
      nothing: null,
    }),
  ).toEqual({
    host: 'db',
    password: '***',
    nested: [{ apiKey: '***', clientSecret: '***', tls: { privateKey: '***' } }],
    url: 'mysql://a:***@b/c',
    passwordSet: true,
    count: 3,
    big: '12',
    at: new Date(0),
    error: { name: 'Error', message: 'password=***' },
    nothing: null,
  });
});

test('a value that contains itself ends', () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  expect(JSON.stringify(redact.value(circle))).toContain('[deep]');
});

const secret = fc.string({ unit: 'grapheme', minLength: 4, maxLength: 60 }).filter((text) => !'***'.includes(text));
const around = fc.string({ maxLength: 40 });

test('a secret it was told of is in no text, however it is written', () => {
  fc.assert(
    fc.property(secret, around, around, (value, before, after) => {
      const { text, value: masked } = createRedactor([value]);
      const spellings = [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)];
      for (const spelling of spellings) {
        // Where the mask and what stands around it happen to spell the secret, nothing was let out.
        const rest = `${before}***${after}`;
        if (rest.includes(spelling)) continue;
        expect(text(`${before}${spelling}${after}`)).not.toContain(spelling);
        expect(JSON.stringify(masked({ note: `${before}${spelling}${after}` }))).not.toContain(
          JSON.stringify(spelling).slice(1, -1),
        );
      }
    }),
  );
});

const unknown = fc.stringMatching(/^[A-Za-z0-9!$%^*()_+~|<>.-]{8,40}$/);

test('a password it was not told of is in no URL, pair or JSON', () => {
  fc.assert(
    fc.property(unknown, around, (password, before) => {
      for (const text of [
        `postgres://app:${password}@db/shop`,
        `password="${password}"`,
        JSON.stringify({ password }),
        JSON.stringify({ outer: JSON.stringify({ secret: password }) }),
        `${before} PASSWORD '${password}'`,
      ])
        expect(redact.text(text)).not.toContain(password);
      expect(JSON.stringify(redact.value({ a: [{ db_password: password }] }))).not.toContain(password);
    }),
  );
});

test('text full of beginnings takes no more than moments', () => {
  const started = performance.now();
  for (const text of [
    'a'.repeat(200_000),
    'password '.repeat(20_000),
    '-----BEGIN A-----'.repeat(5_000),
    'x://'.repeat(50_000),
    "password='".repeat(20_000),
    'password="\\'.repeat(20_000),
  ])
    redact.text(text);
  expect(performance.now() - started).toBeLessThan(5_000);
});
