import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PreviewRequest } from '../../../connectors/contract.js';
import { mysqlConnector } from '../../../connectors/mysql/connector.js';
import { MARIADB, TestSource } from './source.js';

const limits = { maxColumns: 100, maxRows: 100, valueLength: 10, timeout: 5_000 };

describe.skipIf(MARIADB === '')('a preview on MariaDB', () => {
  let source: TestSource;
  beforeAll(async () => {
    source = await TestSource.create();
    await source.run(`
      CREATE TABLE \`a \`\`table\` (id bigint, \`na me\` text, raw blob, flags bit(3), born date, j json) CHARSET utf8mb4;
      INSERT INTO \`a \`\`table\` SELECT seq, repeat('é', seq), repeat(x'ff', seq), b'101', '2026-01-02', '{"a":1}' FROM seq_1_to_150;
      CREATE VIEW slow AS SELECT SLEEP(60) AS s;
      CREATE TABLE part (open int, closed text);
      INSERT INTO part VALUES (1, 'no')`);
  });
  afterAll(() => source?.drop());

  const preview = (table: string, more: Partial<PreviewRequest> = {}, user?: string) =>
    mysqlConnector.preview?.(
      source.connection(user),
      { database: source.database, schema: null, table, ...limits, ...more },
      { signal: new AbortController().signal },
    ) ?? Promise.reject(new Error('there is none'));

  it('shows values as text that is cut, binary ones as their size, and no more rows than asked for', async () => {
    const { columns, rows } = await preview('a `table', { maxRows: 12 });
    expect(columns.map(({ name }) => name)).toEqual(['id', 'na me', 'raw', 'flags', 'born', 'j']);
    expect(rows).toHaveLength(12);
    expect(rows[1]).toEqual([
      { text: '2' },
      { text: 'éé' },
      { text: null, bytes: 2 },
      { text: '101' },
      { text: '2026-01-02' },
      { text: '{"a":1}' },
    ]);
    expect(rows[10]?.[1]).toEqual({ text: 'é'.repeat(10), cut: true });
  });

  it('names the grant that is missing, and leaves out columns that are not granted', async () => {
    const some = await source.account(`SELECT (open), INSERT ON \`${source.database}\`.part`);
    expect(await preview('part', {}, some)).toMatchObject({ refused: ['closed'], rows: [[{ text: '1' }]] });
    const none = await source.account(`INSERT ON \`${source.database}\`.part`);
    await expect(preview('part', {}, none)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      remedy: expect.stringContaining(`GRANT SELECT ON \`${source.database}\`.\`part\` TO '${none}'@'%'`),
    });
  });

  it('says that the table is gone, and ends what takes too long', async () => {
    await expect(preview('nothing')).rejects.toMatchObject({ code: 'TABLE_GONE' });
    await expect(preview('slow', { timeout: 300 })).rejects.toMatchObject({ code: 'STATEMENT_TIMEOUT' });
  });
});
