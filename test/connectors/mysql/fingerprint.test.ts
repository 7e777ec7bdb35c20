import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SourceTable } from '../../../catalog/model/table.js';
import type { DatabaseReader } from '../../../connectors/contract.js';
import { headsOf, MARIADB, readAll, TestSource } from './source.js';

/** A small generator of pseudo-random numbers (mulberry32), so that a failure can be run again by its seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Everything but estimates: what is hashed, versioned and compared. */
function canonical({ rows: _rows, bytes: _bytes, partitions, ...table }: SourceTable): string {
  return JSON.stringify({
    ...table,
    partitions: partitions.map(({ rows: _r, bytes: _b, ...partition }) => partition),
  });
}

describe.skipIf(MARIADB === '')('fingerprints on MariaDB', () => {
  let source: TestSource;
  let reader: DatabaseReader;
  beforeAll(async () => {
    source = await TestSource.create();
    await source.run(`
      CREATE TABLE parent (id int PRIMARY KEY, a int, KEY (a));
      CREATE TABLE t0 (id int PRIMARY KEY, a int, b varchar(50), c text, KEY k (a));
      CREATE TABLE t1 (id int PRIMARY KEY, a int, b varchar(50), c text, CONSTRAINT fk FOREIGN KEY (a) REFERENCES parent (a));
      CREATE TABLE t2 (id int, a int, b varchar(50), c text, PRIMARY KEY (id))
        PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20));
      CREATE VIEW v0 AS SELECT id, a FROM t0; CREATE VIEW v1 AS SELECT id, b FROM t1`);
    reader = await source.open();
  });
  afterAll(() => source?.drop());

  async function snapshot() {
    const heads = await headsOf(reader);
    const { tables } = await readAll(reader);
    return new Map(
      tables.map((table) => [
        table.key,
        { form: canonical(table), fingerprint: heads.get(table.key)?.fingerprint ?? '' },
      ]),
    );
  }

  /** Statements over a small world; many fail (no such column, duplicate name), which is fine. */
  function statement(random: () => number): string {
    const pick = <T>(...options: T[]): T => options[Math.floor(random() * options.length)] as T;
    const table = pick('t0', 't1', 't2');
    const column = pick('a', 'b', 'c', 'x1', 'x2', 'x3');
    const text = pick("'one'", "'two'", "''", "'NULL'", "'a|b,c'", "'it''s'", "'名'");
    const type = pick('int', 'bigint unsigned', 'varchar(50)', 'varchar(60)', "enum('a','b')", "enum('a','b','c')");
    return pick(
      () => `ALTER TABLE ${table} ADD COLUMN ${column} ${type} ${pick('', 'FIRST', 'AFTER id')}`,
      () =>
        `ALTER TABLE ${table} ADD COLUMN ${column} int AS (id ${pick('+', '*')} ${pick(1, 2)}) ${pick('STORED', 'VIRTUAL')}`,
      () => `ALTER TABLE ${table} DROP COLUMN ${column}`,
      () =>
        `ALTER TABLE ${table} MODIFY ${column} ${type} ${pick('NULL', 'NOT NULL')} ${pick('', 'INVISIBLE DEFAULT 1')} COMMENT ${text}`,
      () =>
        `ALTER TABLE ${table} MODIFY ${column} varchar(50) CHARACTER SET ${pick('utf8mb4', 'latin1', 'utf8mb4 COLLATE utf8mb4_bin')} DEFAULT ${text}`,
      () => `ALTER TABLE ${table} ALTER ${column} SET DEFAULT ${pick('NULL', "'NULL'", "'1'", '1', '(1 + 1)')}`,
      () => `ALTER TABLE ${table} ALTER ${column} DROP DEFAULT`,
      () => `ALTER TABLE ${table} RENAME COLUMN ${column} TO ${pick('x1', 'x2', 'x3')}`,
      () =>
        `ALTER TABLE ${table} ADD COLUMN ${column} datetime DEFAULT CURRENT_TIMESTAMP ${pick('', 'ON UPDATE CURRENT_TIMESTAMP')}`,
      () => `ALTER TABLE ${table} COMMENT ${text}`,
      () => `ALTER TABLE ${table} ADD ${pick('KEY', 'UNIQUE KEY')} ${pick('k1', 'k2')} (${column} ${pick('', 'DESC')})`,
      () => `ALTER TABLE ${table} ADD KEY ${pick('k1', 'k2')} (b(${pick(5, 6)})) COMMENT ${text}`,
      () => `ALTER TABLE ${table} ADD FULLTEXT KEY ${pick('k1', 'k2')} (c)`,
      () => `ALTER TABLE ${table} ALTER INDEX ${pick('k', 'k1', 'k2')} ${pick('IGNORED', 'NOT IGNORED')}`,
      () => `ALTER TABLE ${table} DROP KEY ${pick('k', 'k1', 'k2')}`,
      () => `ALTER TABLE ${table} DROP PRIMARY KEY, ADD PRIMARY KEY (${pick('id', 'id, a')})`,
      () => `ALTER TABLE t1 DROP FOREIGN KEY fk`,
      () =>
        `ALTER TABLE t1 ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES parent (${pick('a', 'id')}) ON DELETE ${pick('CASCADE', 'SET NULL', 'RESTRICT')} ON UPDATE ${pick('CASCADE', 'SET NULL')}`,
      () =>
        `ALTER TABLE t2 ADD PARTITION (PARTITION ${pick('p2', 'p3')} VALUES LESS THAN (${pick(30, 40, 50)}) COMMENT ${text})`,
      () => `ALTER TABLE t2 DROP PARTITION ${pick('p1', 'p2', 'p3')}`,
      () => `ALTER TABLE t2 REMOVE PARTITIONING`,
      () =>
        `ALTER TABLE t2 PARTITION BY ${pick('HASH (id) PARTITIONS 3', 'KEY (id) PARTITIONS 2', 'RANGE (id) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (25))')}`,
      () => `ALTER TABLE ${table} ROW_FORMAT=${pick('COMPACT', 'DYNAMIC')}`,
      () => `ALTER TABLE ${table} ENGINE=${pick('InnoDB', 'Aria')}`,
      () => `ALTER TABLE ${table} DEFAULT CHARACTER SET ${pick('utf8mb4', 'latin1')}`,
      () => `ALTER TABLE ${table} ${pick('ADD', 'DROP')} SYSTEM VERSIONING`,
      () =>
        `CREATE OR REPLACE ${pick('', 'SQL SECURITY INVOKER', "DEFINER='a'@'%'", "DEFINER='b'@'%'")} VIEW v0 AS SELECT ${pick('id', 'id, a', '*')} FROM ${pick('t0', 't2')}`,
      () =>
        `CREATE OR REPLACE VIEW v1 AS SELECT id FROM t1 WHERE id > ${pick(1, 2)} ${pick('', 'WITH LOCAL CHECK OPTION', 'WITH CHECK OPTION')}`,
      () => `RENAME TABLE ${table} TO spare, ${pick('t0', 't1', 't2')} TO ${table}, spare TO ${pick('t0', 't1', 't2')}`,
    )();
  }

  it.each([1, 20_261_125, 777])(
    'change with whatever is read, over random DDL (seed %i)',
    { timeout: 120_000 },
    async (seed) => {
      const random = randomFrom(seed);
      let before = await snapshot();
      let changes = 0;
      const done: string[] = [];
      for (let step = 0; step < 100; step += 1) {
        const sql = statement(random);
        const worked = await source.run(sql).then(
          () => true,
          () => false,
        );
        if (!worked) continue;
        done.push(sql);
        const after = await snapshot();
        for (const [key, now] of after) {
          const then = before.get(key);
          if (then === undefined || then.form === now.form) continue;
          changes += 1;
          expect(now.fingerprint, `${key} after:\n${done.slice(-3).join('\n')}`).not.toBe(then.fingerprint);
        }
        before = after;
      }
      expect(changes).toBeGreaterThan(15);
    },
  );

  it('stay as they are under writes, ANALYZE and reading', async () => {
    await source.run(
      'CREATE TABLE quiet (id int AUTO_INCREMENT PRIMARY KEY, a int, KEY (a)); CREATE VIEW quiet_view AS SELECT * FROM quiet',
    );
    const before = await headsOf(reader);
    await source.run(`INSERT INTO quiet (a) SELECT seq FROM seq_1_to_2000; DELETE FROM quiet WHERE a < 100; UPDATE quiet SET a = a + 1;
      ANALYZE TABLE quiet; OPTIMIZE TABLE quiet; FLUSH TABLES`);
    await readAll(reader);
    const after = await headsOf(await source.open());
    for (const name of ['quiet', 'quiet_view'])
      expect(after.get(name)?.fingerprint).toBe(before.get(name)?.fingerprint);
  });

  it('change when the account comes to see more', async () => {
    await source.run('CREATE TABLE behind (id int); CREATE VIEW shy AS SELECT id FROM behind');
    const user = await source.account(`SELECT ON ${source.pattern}.*`);
    const before = await headsOf(await source.open(user));
    await source.run(`GRANT SHOW VIEW ON ${source.pattern}.* TO '${user}'@'%'`);
    const after = await headsOf(await source.open(user));
    expect(after.get('shy')?.fingerprint).not.toBe(before.get('shy')?.fingerprint);
  });
});
