import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  COPY_HEADER,
  COPY_TRAILER,
  type CopyType,
  type CopyValue,
  copyChunks,
  mostBytes,
  writeFields,
} from '../../catalog/collect/copy-binary.js';
import { STAGED_COLUMNS, STAGED_TYPES } from '../../catalog/collect/staged-row.js';
import { StagedRows } from '../../catalog/collect/staged-rows.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let client: pg.Client;
beforeAll(async () => {
  catalog = await testDatabase();
  client = new pg.Client(catalog.url);
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await catalog.drop();
});

/** A row of the staging table with these values and nulls elsewhere. */
const row = (values: Record<string, CopyValue>): CopyValue[] => STAGED_COLUMNS.map((column) => values[column]);

test('PostgreSQL reads each value as it was written', async () => {
  const types: CopyType[] = ['uuid', 'text', 'text', 'jsonb', 'integer', 'bigint', 'bytea', 'text', 'text'];
  const id = '0190a6c1-7c4f-7e39-a1b2-0123456789ab';
  const odd = '\t\n\r\\ \\N 表 😀 "\'';
  const values = [
    id,
    odd,
    Buffer.from('bytes of té'),
    '{"a": [1, "\\n"]}',
    -7,
    2 ** 53 - 1,
    Buffer.from([0, 255]),
    null,
    '',
  ];
  const fields = Buffer.alloc(2 + mostBytes(values));
  const end = writeFields(fields, fields.writeInt16BE(types.length), types, values);
  await client.query(
    'CREATE TEMP TABLE copied (a uuid, b text, c text, d jsonb, e integer, f bigint, g bytea, h text, i text)',
  );
  const copy = client.query(copyFrom('COPY copied FROM STDIN (FORMAT binary)'));
  await pipeline(Readable.from([COPY_HEADER, fields.subarray(0, end), COPY_TRAILER]), copy);
  const { rows } = await client.query({ text: 'SELECT * FROM copied', rowMode: 'array' });
  expect(rows).toEqual([
    [id, odd, 'bytes of té', { a: [1, '\n'] }, -7, String(2 ** 53 - 1), Buffer.from([0, 255]), null, ''],
  ]);
});

test('the columns of staged_object are written as the types they have', async () => {
  const { rows } = await client.query<{ name: string; type: string }>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type
       FROM pg_attribute
      WHERE attrelid = 'staged_object'::regclass AND attnum > 0 AND NOT attisdropped AND attname = ANY($1)
      ORDER BY array_position($1, attname)`,
    [STAGED_COLUMNS],
  );
  expect(rows.map(({ name }) => name)).toEqual(STAGED_COLUMNS);
  expect(rows.map(({ type }) => type)).toEqual(STAGED_TYPES);
});

test('each row of a page keeps its own bytes, short or longer than what rows share', () => {
  const rows = new StagedRows();
  const texts = Array.from({ length: 900 }, (_, index) => `${index} ${'表é'.repeat(index % 400)}`);
  texts.splice(450, 0, '長'.repeat(300_000));
  const made = texts.map((structure) => rows.add(row({ structure })));
  expect(made.map((bytes) => textWithin(bytes))).toEqual(texts);
});

/** The only field of a row that is not null. */
function textWithin(bytes: Buffer): string {
  let at = 0;
  while (bytes.readInt32BE(at) === -1) at += 4;
  return bytes.toString('utf8', at + 4, at + 4 + bytes.readInt32BE(at));
}

test('rows go to the wire in their order, each behind the fields that all have', () => {
  const rows = Array.from({ length: 3_000 }, (_, index) => Buffer.from(`${index}${'x'.repeat(index % 300)};`));
  const sent = Buffer.concat([...copyChunks(rows, Buffer.from('run,'))]);
  expect(sent.subarray(0, COPY_HEADER.length)).toEqual(COPY_HEADER);
  expect(sent.subarray(COPY_HEADER.length, -2).toString()).toBe(rows.map((bytes) => `run,${bytes}`).join(''));
  expect(sent.subarray(-2)).toEqual(COPY_TRAILER);
});
