import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SourceTable } from '../../../catalog/model/table.js';
import type { DatabaseReader } from '../../../connectors/contract.js';
import { headsOf, MARIADB, readAll, TestSource } from './source.js';

describe.skipIf(MARIADB === '')('reading MariaDB', () => {
  let source: TestSource;
  let reader: DatabaseReader;
  beforeAll(async () => {
    source = await TestSource.create();
    reader = await source.open();
  });
  afterAll(() => source?.drop());

  async function readOne(name: string): Promise<SourceTable> {
    const page = await reader.read([name]);
    expect(page.gone).toEqual([]);
    const [table] = page.tables;
    if (table === undefined) throw new Error(`${name} was not read`);
    return table;
  }

  it('says who the server is, what it is and who we are to it', async () => {
    expect(reader.identity).toEqual({
      server: expect.stringMatching(/.{10,}/),
      version: expect.stringMatching(/^MariaDB \d+\.\d+/),
      user: expect.stringMatching(/^root@/),
    });
    expect((await source.open()).identity.server).toBe(reader.identity.server);
  });

  it('may not write', async () => {
    const session = (reader as unknown as { session: { rows(sql: string): Promise<unknown> } }).session;
    await expect(session.rows('CREATE TABLE written (id int)')).rejects.toThrow(/READ ONLY|read only|read-only/i);
  });

  it('writes each default as it would be declared', async () => {
    await source.run(`CREATE TABLE defaults (
      none_null int NULL, none_required int NOT NULL, text_null varchar(10) DEFAULT 'NULL', quoted varchar(10) DEFAULT 'it''s',
      empty varchar(10) NOT NULL DEFAULT '', number decimal(5,2) DEFAULT 1.5, bits bit(3) DEFAULT b'101',
      moment datetime DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, expression int DEFAULT (1 + 2), day date DEFAULT '2020-01-01')`);
    const { columns } = (await readOne('defaults')).structure;
    expect(Object.fromEntries(columns.map((column) => [column.name, column.default]))).toEqual({
      none_null: undefined,
      none_required: undefined,
      text_null: "'NULL'",
      quoted: "'it''s'",
      empty: "''",
      number: '1.50',
      bits: "b'101'",
      moment: 'current_timestamp()',
      expression: '(1 + 2)',
      day: "'2020-01-01'",
    });
    expect(columns.find(({ name }) => name === 'moment')?.attributes).toEqual(['on update current_timestamp()']);
  });

  it('tells generated, auto-increment and invisible columns', async () => {
    await source.run(`CREATE TABLE special (
      id int NOT NULL AUTO_INCREMENT PRIMARY KEY, n int, twice int AS (n * 2) STORED, thrice int AS (n * 3) VIRTUAL,
      hidden int INVISIBLE DEFAULT 5, name varchar(20) CHARACTER SET latin1 COLLATE latin1_bin COMMENT 'Büro名') COMMENT='A table'`);
    const table = await readOne('special');
    expect(table).toMatchObject({ type: 'TABLE', schema: null, key: 'special', comment: 'A table' });
    expect(table.structure.columns).toEqual([
      { name: 'id', ordinal: 1, type: 'int(11)', baseType: 'int', nullable: false, identity: 'auto_increment' },
      { name: 'n', ordinal: 2, type: 'int(11)', baseType: 'int', nullable: true },
      {
        name: 'twice',
        ordinal: 3,
        type: 'int(11)',
        baseType: 'int',
        nullable: true,
        generated: { expression: '`n` * 2', stored: true },
      },
      {
        name: 'thrice',
        ordinal: 4,
        type: 'int(11)',
        baseType: 'int',
        nullable: true,
        generated: { expression: '`n` * 3', stored: false },
      },
      {
        name: 'hidden',
        ordinal: 5,
        type: 'int(11)',
        baseType: 'int',
        nullable: true,
        default: '5',
        attributes: ['INVISIBLE'],
      },
      {
        name: 'name',
        ordinal: 6,
        type: 'varchar(20)',
        baseType: 'varchar',
        nullable: true,
        collation: 'latin1_bin',
        comment: 'Büro名',
      },
    ]);
    expect(table.structure.properties).toMatchObject({ engine: 'InnoDB' });
  });

  it('reads keys and indexes with prefixes, order, method, comment and visibility', async () => {
    await source.run(`CREATE TABLE indexed (
      a int, b varchar(100), c text, d int, e int, PRIMARY KEY (d, a), UNIQUE KEY one (b, a), KEY prefix (b(10)), KEY falling (a DESC, b(5)),
      FULLTEXT KEY words (c), KEY ignored_one (e) IGNORED, KEY noted (e, a) COMMENT 'why')`);
    const { structure } = await readOne('indexed');
    expect(structure.primaryKey).toEqual({ name: 'PRIMARY', columns: ['d', 'a'] });
    expect(structure.uniqueKeys).toEqual([{ name: 'one', columns: ['b', 'a'] }]);
    expect(Object.fromEntries(structure.indexes.map(({ name, ...rest }) => [name, rest]))).toEqual({
      PRIMARY: { unique: true, method: 'BTREE', columns: ['d', 'a'] },
      one: { unique: true, method: 'BTREE', columns: ['b', 'a'] },
      prefix: { unique: false, method: 'BTREE', columns: ['b(10)'] },
      falling: { unique: false, method: 'BTREE', columns: ['a DESC', 'b(5)'] },
      words: { unique: false, method: 'FULLTEXT', columns: ['c'] },
      ignored_one: { unique: false, method: 'BTREE', columns: ['e'], attributes: ['INVISIBLE'] },
      noted: { unique: false, method: 'BTREE', columns: ['e', 'a'], comment: 'why' },
    });
  });

  it('reads foreign keys with their rules, also into another database', async () => {
    const other = await TestSource.create();
    try {
      await other.run('CREATE TABLE far (x int, y int, PRIMARY KEY (x, y))');
      await source.run(`CREATE TABLE parent (id int PRIMARY KEY);
        CREATE TABLE child (id int PRIMARY KEY, p int, x int, y int,
          CONSTRAINT to_parent FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE ON UPDATE SET NULL,
          CONSTRAINT to_far FOREIGN KEY (x, y) REFERENCES ${other.database}.far (x, y))`);
      const { structure } = await readOne('child');
      expect(structure.foreignKeys.sort((a, b) => a.name.localeCompare(b.name))).toEqual([
        {
          name: 'to_far',
          columns: ['x', 'y'],
          references: { database: other.database, table: 'far', columns: ['x', 'y'] },
          onUpdate: 'RESTRICT',
          onDelete: 'RESTRICT',
        },
        {
          name: 'to_parent',
          columns: ['p'],
          references: { table: 'parent', columns: ['id'] },
          onUpdate: 'SET NULL',
          onDelete: 'CASCADE',
        },
      ]);
    } finally {
      await source.run('DROP TABLE child');
      await other.drop();
    }
  });

  it('reads partitions and sub-partitions with bounds, comments and sums', async () => {
    await source.run(`
      CREATE TABLE by_list (id int) PARTITION BY LIST (id) (PARTITION low VALUES IN (1,2) COMMENT='few', PARTITION rest VALUES IN (3));
      CREATE TABLE by_key (id int PRIMARY KEY) PARTITION BY KEY () PARTITIONS 2;
      CREATE TABLE by_year (id int, d date) PARTITION BY RANGE (YEAR(d)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2
        (PARTITION old VALUES LESS THAN (2000), PARTITION new VALUES LESS THAN MAXVALUE)`);
    const byList = await readOne('by_list');
    expect(byList).toMatchObject({ type: 'PARTITIONED_TABLE', structure: { partitionedBy: 'LIST (`id`)' } });
    expect(byList.partitions).toMatchObject([
      { name: 'low', ordinal: 1, bound: 'VALUES IN (1,2)', properties: { comment: 'few' } },
      { name: 'rest', ordinal: 2, bound: 'VALUES IN (3)' },
    ]);
    expect((await readOne('by_key')).structure.partitionedBy).toBe('KEY ()');
    const byYear = await readOne('by_year');
    expect(byYear.structure.partitionedBy).toBe('RANGE (year(`d`)) SUBPARTITION BY HASH (`id`)');
    expect(byYear.partitions.map(({ name, parent, bound }) => [name, parent, bound])).toEqual([
      ['old', undefined, 'VALUES LESS THAN (2000)'],
      ['oldsp0', 'old', undefined],
      ['oldsp1', 'old', undefined],
      ['new', undefined, 'VALUES LESS THAN MAXVALUE'],
      ['newsp0', 'new', undefined],
      ['newsp1', 'new', undefined],
    ]);
    const [old, ...subs] = byYear.partitions;
    expect(old?.bytes).toBe((subs[0]?.bytes ?? 0) + (subs[1]?.bytes ?? 0));
  });

  it('marks system-versioned tables and leaves sequences out', async () => {
    await source.run(
      `CREATE TABLE versioned (id int, x int WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING; CREATE SEQUENCE numbers`,
    );
    const table = await readOne('versioned');
    expect(table).toMatchObject({ type: 'TABLE', structure: { properties: { systemVersioned: 'true' } } });
    expect(table.structure.columns[1]?.attributes).toEqual(['WITHOUT SYSTEM VERSIONING']);
    const heads = await headsOf(reader);
    expect(heads.has('versioned')).toBe(true);
    expect(heads.has('numbers')).toBe(false);
  });

  it('delivers a view with its text, and a broken one with a problem', async () => {
    await source.run(`CREATE TABLE under (id int, name varchar(10));
      CREATE VIEW healthy AS SELECT id, name FROM under WHERE id > 3 WITH CHECK OPTION;
      CREATE TABLE dropped (id int); CREATE VIEW bereft AS SELECT id FROM dropped; DROP TABLE dropped;
      CREATE DEFINER='nobody'@'%' VIEW orphaned AS SELECT id FROM under`);
    const page = await reader.read(['healthy', 'bereft', 'orphaned']);
    const by = new Map(page.tables.map((table) => [table.name, table]));
    expect(by.get('healthy')).toMatchObject({
      type: 'VIEW',
      structure: {
        columns: [{ name: 'id' }, { name: 'name' }],
        viewDefinition: expect.stringMatching(/^select .*where .*`id` > 3/),
        properties: { checkOption: 'CASCADED', security: 'DEFINER', definer: expect.stringMatching(/^root@/) },
      },
    });
    expect(by.get('healthy')?.comment).toBeUndefined();
    expect(by.get('bereft')?.structure).toMatchObject({
      columns: [],
      viewDefinition: expect.stringContaining('dropped'),
    });
    expect(page.problems).toContainEqual(expect.objectContaining({ name: 'bereft', code: 'BROKEN_VIEW' }));
    expect(by.has('orphaned')).toBe(true);
    expect(page.gone).toEqual([]);
  });

  it('calls gone what was dropped after it was listed', async () => {
    await source.run('CREATE TABLE brief (id int)');
    const heads = await headsOf(reader);
    await source.run('DROP TABLE brief');
    expect([...heads.keys()]).toContain('brief');
    expect(await reader.read(['brief'])).toEqual({ tables: [], problems: [], gone: ['brief'] });
  });

  it('reads in a number of statements that does not depend on how many tables there are', async () => {
    await source.run(Array.from({ length: 60 }, (_, n) => `CREATE TABLE many_${n} (id int PRIMARY KEY)`).join(';'));
    const names = Array.from({ length: 60 }, (_, n) => `many_${n}`);
    const start = reader.queries();
    await reader.read(names.slice(0, 2));
    const few = reader.queries() - start;
    expect((await reader.read(names)).tables).toHaveLength(60);
    expect(reader.queries() - start - few).toBe(few);
    expect(few).toBeLessThanOrEqual(14);
  });

  it('reads a table of as many columns as the server allows', async () => {
    const columns = Array.from({ length: 1_017 }, (_, n) => `c${n} tinyint COMMENT 'Column ${n}'`);
    await source.run(`CREATE TABLE wide (${columns.join(', ')})`);
    const { structure } = await readOne('wide');
    expect(structure.columns.map(({ ordinal }) => ordinal)).toEqual(columns.map((_, n) => n + 1));
    expect(structure.columns.at(-1)).toMatchObject({ name: 'c1016', comment: 'Column 1016' });
    const before = (await headsOf(reader)).get('wide')?.fingerprint;
    await source.run(`ALTER TABLE wide MODIFY c1016 tinyint COMMENT 'Another'`);
    expect((await headsOf(reader)).get('wide')?.fingerprint).not.toBe(before);
  });

  it('has estimates of rows and bytes', async () => {
    await source.run('CREATE TABLE filled AS SELECT seq AS id FROM seq_1_to_1000; ANALYZE TABLE filled');
    expect((await readOne('filled')).rows).toBeGreaterThan(500);
    expect((await headsOf(reader)).get('filled')?.bytes).toBeGreaterThan(0);
  });
});

describe.skipIf(MARIADB === '')('names on MariaDB', () => {
  const NAMES = [
    'Orders',
    'orders',
    'ORDERS',
    'select',
    'with space',
    'back`tick',
    `quote'"quote`,
    'back\\slash',
    'per%cent_under',
    'Größe',
    'Grosse',
    '订单',
    'a.b/c?d#e',
    'x'.repeat(64),
  ];
  const quoted = (name: string) => `\`${name.replaceAll('`', '``')}\``;
  let source: TestSource;
  beforeAll(async () => {
    source = await TestSource.create(`Wëird \`db\` 名_%${Date.now() % 100_000}`.replaceAll('`', ''));
    for (const name of NAMES)
      await source.run(
        `CREATE TABLE ${quoted(name)} (${quoted(name)} int COMMENT ${source.admin.escape(name)}, KEY ${quoted(name)} (${quoted(name)}))`,
      );
  });
  afterAll(() => source?.drop());

  it('survive the listing and the reading, each apart from its look-alikes', async () => {
    const reader = await source.open();
    const { tables, problems, gone } = await readAll(reader);
    expect([problems, gone]).toEqual([[], []]);
    expect(tables.map(({ name }) => name).sort()).toEqual([...NAMES].sort());
    for (const { name, structure } of tables) {
      expect(structure.columns).toMatchObject([{ name, comment: name, ordinal: 1 }]);
      expect(structure.indexes).toMatchObject([{ name, columns: [name] }]);
    }
  });

  it('do not leak between databases that differ in case', async () => {
    const lower = await TestSource.create(`${source.database}`.toLowerCase());
    try {
      await lower.run('CREATE TABLE only_here (id int)');
      expect((await readAll(await lower.open())).tables.map(({ name }) => name)).toEqual(['only_here']);
      expect([...(await headsOf(await source.open())).keys()]).not.toContain('only_here');
    } finally {
      await lower.drop();
    }
  });
});
