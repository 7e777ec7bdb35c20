import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PreviewRequest } from '../../../connectors/contract.js';
import { postgresqlConnector } from '../../../connectors/postgresql/connector.js';
import { connectionTo, createSource, type Source, servers } from './source.js';

const limits = { maxColumns: 100, maxRows: 100, valueLength: 10, timeout: 5_000 };

describe.each(servers)('a preview on $name', ({ url }) => {
  let source: Source;
  let reader: string;
  beforeAll(async () => {
    source = await createSource(url);
    reader = await source.role();
    await source.client.query(`
      CREATE SCHEMA "we""ird";
      CREATE TABLE "we""ird"."a ""table" (id bigint, "Na me" text, raw bytea, raws bytea[], tags text[], born date);
      INSERT INTO "we""ird"."a ""table"
      SELECT n, repeat('é', n), decode(repeat('ff', n), 'hex'), NULL, ARRAY['x', 'y'], '2026-01-02'
        FROM generate_series(1, 150) n;
      CREATE VIEW "we""ird".slow AS SELECT pg_sleep(60)::text AS s;
      CREATE VIEW "we""ird".broken AS SELECT 'jo@example.com'::text::int AS n;
      CREATE TABLE "we""ird".part (open int, closed text);
      INSERT INTO "we""ird".part VALUES (1, 'no');
      GRANT USAGE ON SCHEMA "we""ird" TO ${reader};
      GRANT SELECT (open) ON "we""ird".part TO ${reader}`);
  });
  afterAll(() => source.drop());

  const preview = (table: string, more: Partial<PreviewRequest> = {}, user?: string, signal?: AbortSignal) =>
    postgresqlConnector.preview?.(
      connectionTo(source.url, user === undefined ? {} : { user }),
      { database: source.name, schema: 'we"ird', table, ...limits, ...more },
      { signal: signal ?? new AbortController().signal },
    ) ?? Promise.reject(new Error('there is none'));

  it('shows values as text that is cut, binary ones as their size, and no more rows than asked for', async () => {
    const { columns, rows } = await preview('a "table', { maxRows: 12 });
    expect(columns.map(({ type }) => type)).toEqual(['bigint', 'text', 'bytea', 'bytea[]', 'text[]', 'date']);
    expect(rows).toHaveLength(12);
    expect(rows[1]).toEqual([
      { text: '2' },
      { text: 'éé' },
      { text: null, bytes: 2 },
      { text: null },
      { text: '{x,y}' },
      { text: '2026-01-02' },
    ]);
    expect(rows[10]?.[1]).toEqual({ text: 'é'.repeat(10), cut: true });
  });

  it('reads the columns that were named, in that order, and says which there are not', async () => {
    expect(
      (await preview('a "table', { columns: ['born', 'id'], maxRows: 1 })).columns.map(({ name }) => name),
    ).toEqual(['born', 'id']);
    await expect(preview('a "table', { columns: ['id', 'gone'] })).rejects.toMatchObject({
      code: 'UNKNOWN_COLUMN',
      message: expect.stringContaining('“gone”'),
    });
    expect(await preview('a "table', { maxColumns: 2, maxRows: 1 })).toMatchObject({ more: 4 });
  });

  it('names the grant that is missing, and leaves out columns that are not granted', async () => {
    await expect(preview('a "table', {}, reader)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      remedy: expect.stringContaining(`GRANT SELECT ON "we""ird"."a ""table" TO "${reader}"`),
    });
    expect(await preview('part', {}, reader)).toMatchObject({ refused: ['closed'], rows: [[{ text: '1' }]] });
    await expect(preview('part', { columns: ['closed'] }, reader)).rejects.toMatchObject({
      remedy: expect.stringContaining('GRANT SELECT ("closed")'),
    });
  });

  it('says that the table is gone', async () => {
    await expect(preview('nothing')).rejects.toMatchObject({ code: 'TABLE_GONE' });
  });

  it('ends a statement that takes too long, and one that is cancelled, at the server', async () => {
    await expect(preview('slow', { timeout: 300 })).rejects.toMatchObject({ code: 'STATEMENT_TIMEOUT' });
    const stop = new AbortController();
    const cancelled = expect(preview('slow', { timeout: 60_000 }, undefined, stop.signal)).rejects.toThrow('stop');
    const running = () =>
      source.client.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%slow%' AND pid <> pg_backend_pid()`,
      );
    await expect.poll(async () => (await running()).rowCount).toBe(1);
    stop.abort(new Error('stop'));
    await cancelled;
    await expect.poll(async () => (await running()).rowCount).toBe(0);
  });

  it('passes on no words of the server, which may quote a value', async () => {
    const error = await preview('broken').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SOURCE_ERROR', message: expect.stringContaining('22P02') });
    expect(JSON.stringify([error, String(error)])).not.toContain('jo@example.com');
  });
});
