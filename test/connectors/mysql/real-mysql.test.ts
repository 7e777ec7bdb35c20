import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatabaseReader } from '../../../connectors/contract.js';
import { hashStatement, PARTITIONS } from '../../../connectors/mysql/catalogue-queries.js';
import { mysqlConnector } from '../../../connectors/mysql/connector.js';
import { flavourOf } from '../../../connectors/mysql/flavour.js';
import { sessionSettings } from '../../../connectors/mysql/session-queries.js';
import { hasMysql, startMysql } from '../../servers/mysql.js';
import { headsOf, readAll, TestSource } from './source.js';

it.each([
  ['5.7.44', 'MD5', true],
  ['8.0.36', 'SHA2', false],
  ['9.7.4', 'SHA2', false],
  ['10.11.6-MariaDB', 'MD5', true],
])('on %s, hashes are %s', (version, hash, keepsWarnings) => {
  const flavour = flavourOf(version, '');
  expect(hashStatement([PARTITIONS], flavour)).toContain(`${hash}(GROUP_CONCAT(${hash}(`);
  expect(sessionSettings(flavour).join().includes('max_error_count')).toBe(keepsWarnings);
});

// Left out, and not skipped, where there is none: see test/servers/install.sh.
describe.each(hasMysql() ? ['MySQL'] : [])('a real %s', () => {
  let server: Awaited<ReturnType<typeof startMysql>>;
  let source: TestSource;
  let reader: DatabaseReader;
  beforeAll(async () => {
    server = await startMysql();
    source = await TestSource.create(undefined, server.url);
    await source.run(`
      CREATE TABLE parent (id int PRIMARY KEY, a int, KEY (a)) COMMENT='A parent';
      CREATE TABLE child (
        id int NOT NULL AUTO_INCREMENT PRIMARY KEY, p int, twice int AS (hidden * 2) STORED, hidden int DEFAULT 5 INVISIBLE,
        name varchar(20) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'it''s' COMMENT 'Büro名',
        at datetime(3) DEFAULT CURRENT_TIMESTAMP(3), of_two int DEFAULT (1 + 2), words text,
        UNIQUE KEY one (name, p), KEY falling (p DESC, name(5)), KEY expression ((p + 1)), KEY unseen (of_two) INVISIBLE,
        FULLTEXT KEY words (words),
        CONSTRAINT fk FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE);
      CREATE TABLE by_key (id int PRIMARY KEY) PARTITION BY KEY () PARTITIONS 2;
      CREATE TABLE by_year (id int, d date) PARTITION BY RANGE (YEAR(d)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2
        (PARTITION old VALUES LESS THAN (2000), PARTITION new VALUES LESS THAN MAXVALUE);
      CREATE VIEW both_ids AS SELECT child.id, p FROM child JOIN parent ON p = parent.id`);
    reader = await source.open();
  }, 120_000);
  afterAll(async () => {
    await source?.drop();
    await server?.stop();
  });

  const readOne = async (name: string) => {
    const { tables, problems } = await reader.read([name]);
    expect(problems).toEqual([]);
    return tables[0];
  };

  it('says what it is, and lists everything to an account that may only read', async () => {
    expect(reader.identity).toMatchObject({
      version: expect.stringMatching(/^MySQL \d+\.\d+/),
      user: 'root@localhost',
    });
    const own = await source.open(await source.account(`SELECT, SHOW VIEW ON ${source.pattern}.*`));
    expect((await own.describe()).incomplete).toBeUndefined();
    const names = ['both_ids', 'by_key', 'by_year', 'child', 'parent'];
    expect([...(await headsOf(own)).keys()].sort()).toEqual(names);
    const { tables, problems } = await readAll(own);
    expect(problems).toEqual([]);
    expect(tables.map(({ name }) => name).sort()).toEqual(names);
  });

  it('reads columns, keys, indexes and foreign keys', async () => {
    const child = await readOne('child');
    const { columns, primaryKey, uniqueKeys, indexes, foreignKeys } = child?.structure ?? {};
    expect(columns).toMatchObject([
      { name: 'id', type: 'int', nullable: false, identity: 'auto_increment' },
      { name: 'p', type: 'int', nullable: true },
      { name: 'twice', generated: { expression: '(`hidden` * 2)', stored: true } },
      { name: 'hidden', default: '5', attributes: ['INVISIBLE'] },
      { name: 'name', type: 'varchar(20)', default: "'it''s'", collation: 'latin1_bin', comment: 'Büro名' },
      { name: 'at', default: 'CURRENT_TIMESTAMP(3)' },
      { name: 'of_two', default: '(1 + 2)' },
      { name: 'words', type: 'text' },
    ]);
    expect(primaryKey).toEqual({ name: 'PRIMARY', columns: ['id'] });
    expect(uniqueKeys).toEqual([{ name: 'one', columns: ['name', 'p'] }]);
    expect(Object.fromEntries((indexes ?? []).map(({ name, ...rest }) => [name, rest]))).toMatchObject({
      falling: { unique: false, method: 'BTREE', columns: ['p DESC', 'name(5)'] },
      expression: { columns: [expect.stringContaining('(`p` + 1)')] },
      unseen: { columns: ['of_two'], attributes: ['INVISIBLE'] },
      words: { method: 'FULLTEXT', columns: ['words'] },
    });
    expect(foreignKeys).toMatchObject([
      { name: 'fk', columns: ['p'], references: { table: 'parent', columns: ['id'] }, onDelete: 'CASCADE' },
    ]);
  });

  it('reads partitions, also of a table that does not say it has any', async () => {
    const byKey = await readOne('by_key');
    expect(byKey).toMatchObject({ type: 'PARTITIONED_TABLE', structure: { partitionedBy: 'KEY ()' } });
    expect(byKey?.partitions.map(({ name }) => name)).toEqual(['p0', 'p1']);
    const byYear = await readOne('by_year');
    expect(byYear?.structure.partitionedBy).toMatch(/^RANGE \(year\(`d`\)\) SUBPARTITION BY HASH \(`id`\)$/i);
    expect(byYear?.partitions.map(({ name, parent }) => [name, parent])).toContainEqual(['oldsp0', 'old']);
    expect((await readOne('parent'))?.type).toBe('TABLE');
  });

  it('tells a view whose text the account may not see, and what mends it', async () => {
    const own = await source.open(await source.account(`SELECT ON ${source.pattern}.*`));
    const { problems } = await own.read(['both_ids', 'child']);
    expect(problems).toMatchObject([
      { name: 'both_ids', code: 'VIEW_TEXT_NOT_VISIBLE', remedy: expect.stringContaining('SHOW VIEW') },
    ]);
  });

  it('changes the fingerprint of a table with each change, and of no other', async () => {
    const prints = async () => new Map([...(await headsOf(reader))].map(([key, head]) => [key, head.fingerprint]));
    for (const [change, of] of [
      ['ALTER TABLE parent ADD COLUMN b int', 'parent'],
      ["ALTER TABLE parent MODIFY b int COMMENT 'why'", 'parent'],
      ['ALTER TABLE parent ADD KEY by_b (b)', 'parent'],
      ['ALTER TABLE child ALTER INDEX unseen VISIBLE', 'child'],
      ['ALTER TABLE by_key ADD PARTITION PARTITIONS 1', 'by_key'],
      ['ALTER VIEW both_ids AS SELECT id FROM child', 'both_ids'],
    ] as const) {
      const before = await prints();
      await source.run(change);
      const after = await prints();
      expect(
        [...after].filter(([key, print]) => before.get(key) !== print).map(([key]) => key),
        change,
      ).toEqual([of]);
    }
  });

  it('kills a statement at the server when it is stopped, and ends one at its limit', async () => {
    const rowsOf = (of: DatabaseReader) =>
      (of as unknown as { session: { rows(sql: string): Promise<unknown> } }).session;
    const stop = new AbortController();
    const stopped = await source.open('root', stop.signal);
    const mark = `stop ${source.database}`;
    const running = () =>
      source.rows('SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE ? AND ID <> CONNECTION_ID()', [
        `%${mark}%`,
      ]);
    const rejected = expect(rowsOf(stopped).rows(`SELECT SLEEP(50) /* ${mark} */`)).rejects.toThrow('by the test');
    await expect.poll(running).toHaveLength(1);
    stop.abort(new Error('stopped by the test'));
    await rejected;
    await expect.poll(running).toHaveLength(0);
    const bounded = rowsOf(await source.open());
    await bounded.rows('SET SESSION max_execution_time = 200');
    const long =
      'SELECT count(*) FROM information_schema.COLUMNS a, information_schema.COLUMNS b, information_schema.COLUMNS c';
    await expect(bounded.rows(long)).rejects.toMatchObject({ code: 'STATEMENT_TIMEOUT', retryable: true });
  });

  it('passes a connection test, encrypted', async () => {
    const user = await source.account(`SELECT, SHOW VIEW ON ${source.pattern}.*`);
    const steps = [];
    const options = { signal: new AbortController().signal, databases: [source.database] };
    for await (const step of mysqlConnector.check(source.connection(user), options))
      if (step.state !== 'running') steps.push(step);
    expect(steps.filter(({ state }) => state !== 'passed')).toEqual([]);
  });
});
