import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatabaseReader } from '../../../connectors/contract.js';
import type { Session } from '../../../connectors/mysql/session.js';
import { headsOf, MARIADB, TestSource } from './source.js';

const sessionOf = (reader: DatabaseReader) => (reader as unknown as { session: Session }).session;

describe.skipIf(MARIADB === '')('stopping and waiting on MariaDB', () => {
  let source: TestSource;
  beforeAll(async () => {
    source = await TestSource.create();
  });
  afterAll(() => source?.drop());

  const running = (text: string) =>
    source.rows("SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE ? AND INFO NOT LIKE '%PROCESSLIST%'", [
      `%${text}%`,
    ]);

  it('interrupts the statement at the server within two seconds, and every later call', async () => {
    const stop = new AbortController();
    const reader = await source.open('root', stop.signal);
    const mark = `stop ${source.database}`;
    const sleeping = sessionOf(reader).rows(`SELECT SLEEP(50) /* ${mark} */`);
    const rejected = expect(sleeping).rejects.toThrow('stopped by the test');
    await expect.poll(() => running(mark)).toHaveLength(1);
    const started = performance.now();
    stop.abort(new Error('stopped by the test'));
    await rejected;
    await expect.poll(() => running(mark)).toHaveLength(0);
    expect(performance.now() - started).toBeLessThan(2_000);
    await expect(reader.describe()).rejects.toThrow('stopped by the test');
  });

  it('says so when the server ends the connection', async () => {
    const reader = await source.open();
    const mark = `lost ${source.database}`;
    const lost = expect(sessionOf(reader).rows(`SELECT SLEEP(50) /* ${mark} */`)).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      retryable: true,
    });
    await expect.poll(() => running(mark)).toHaveLength(1);
    const [process] = await running(mark);
    await source.run(`KILL ${Number(process?.ID)}`);
    await lost;
    await expect(reader.describe()).rejects.toMatchObject({ code: expect.stringMatching(/CONNECTION_LOST/) });
  });

  it('ends a statement at its limit', async () => {
    const session = sessionOf(await source.open());
    await session.rows('SET SESSION max_statement_time = 0.2');
    await expect(session.rows('SELECT SLEEP(50)')).rejects.toMatchObject({
      code: 'STATEMENT_TIMEOUT',
      retryable: true,
    });
  });

  it('keeps what it knows of a table that is being altered, and reads the others', { timeout: 60_000 }, async () => {
    await source.run(`CREATE TABLE a_busy (id int PRIMARY KEY, x int, KEY (x)); CREATE TABLE other (id int PRIMARY KEY);
      CREATE TABLE z_held (id int PRIMARY KEY)`);
    const reader = await source.open();
    const before = await headsOf(reader);
    // RENAME locks its tables one after another: the first is locked while it waits for the second.
    const holder = await createConnection({ uri: `${MARIADB}${source.database}` });
    const renamer = await createConnection({ uri: `${MARIADB}${source.database}` });
    await holder.query('BEGIN');
    await holder.query('SELECT * FROM z_held');
    const renaming = renamer.query('RENAME TABLE a_busy TO a_new, z_held TO z_new');
    await expect
      .poll(() =>
        source.rows("SELECT ID FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for table metadata%'"),
      )
      .not.toHaveLength(0);

    const page = await reader.read(['a_busy', 'other']);
    expect(page.tables.map(({ name }) => name)).toEqual(['other']);
    expect(page.gone).toEqual([]);
    expect(page.problems).toMatchObject([{ name: 'a_busy', code: 'TABLE_BUSY' }]);
    const during = await headsOf(reader);
    expect([...during.keys()].sort()).toEqual(['a_busy', 'other', 'z_held']);
    expect(during.get('a_busy')?.fingerprint).not.toBe(before.get('a_busy')?.fingerprint);
    expect(during.get('other')?.fingerprint).toBe(before.get('other')?.fingerprint);

    await holder.query('ROLLBACK');
    await renaming;
    await Promise.all([holder.end(), renamer.end()]);
    expect((await reader.read(['a_busy'])).gone).toEqual(['a_busy']);
  });
});
