import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { binaryRows, FieldReader } from '../../../connectors/postgresql/binary-rows.js';
import { createSource, type Source, servers } from './source.js';

describe.each(servers)('rows in binary of $name', ({ url }) => {
  let source: Source;
  let client: pg.Client;
  beforeAll(async () => {
    source = await createSource(url);
  });
  afterAll(() => source.drop());
  beforeEach(async () => {
    client = new pg.Client(source.url);
    client.on('error', () => undefined);
    await client.connect();
  });
  afterEach(() => client.end().catch(() => undefined));

  it('come in their order with each field as it is, however large, and leave the connection to the driver', async () => {
    const seen: unknown[] = [];
    const refused = await binaryRows(
      client,
      `SELECT n::int4, repeat('表', n * 1000), n / 4.0::float8, NULL::text, '{"a":1}'::json, 'name'::name
         FROM generate_series(1, $1::int) n`,
      [200],
      (row) => {
        const fields = new FieldReader(row);
        seen.push([
          fields.int(),
          fields.text(),
          fields.double(),
          fields.text(),
          fields.text(),
          fields.bytes()?.toString(),
        ]);
      },
    );
    expect(refused).toBeUndefined();
    expect(seen).toEqual(
      Array.from({ length: 200 }, (_, index) => [
        index + 1,
        '表'.repeat((index + 1) * 1_000),
        (index + 1) / 4,
        null,
        '{"a":1}',
        'name',
      ]),
    );
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it("are shown until the statement fails, whose error is the driver's", async () => {
    let seen = 0;
    const failing = binaryRows(client, 'SELECT 100 / (5000 - n) FROM generate_series(1, 9000) n', [], () => {
      seen += 1;
    });
    await expect(failing).rejects.toMatchObject({ code: '22012' });
    expect(seen).toBeGreaterThan(0);
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('are all shown of a statement that follows a failed one at once', async () => {
    const failed = binaryRows(client, 'SELECT 1 / (n - 1) FROM generate_series(0, 1) n', [], () => undefined);
    await expect(failed).rejects.toMatchObject({ code: '22012' });
    let seen = 0;
    await binaryRows(client, 'SELECT generate_series(1, 3)', [], () => {
      seen += 1;
    });
    expect(seen).toBe(3);
  });

  it('are taken off the wire to the end where looking at one throws', async () => {
    let seen = 0;
    const refused = await binaryRows(client, 'SELECT generate_series(1, 5000)', [], () => {
      seen += 1;
      if (seen === 3) throw new Error('seen enough');
    });
    expect(refused).toEqual({ cause: new Error('seen enough') });
    expect(seen).toBe(3);
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('end with an error where the connection is lost', async () => {
    const lost = binaryRows(client, 'SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(60)', [], () => undefined);
    await expect(lost).rejects.toThrow();
  });

  it('replace what is no UTF-8', () => {
    const bytes = Buffer.from([0x61, 0xff, 0x62]);
    const row = Buffer.concat([Buffer.from([0, 1, 0, 0, 0, bytes.length]), bytes]);
    expect(new FieldReader(row).text()).toBe('a\ufffdb');
  });
});
