import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Ddl, ddlText } from '../../../catalog/model/ddl.js';
import type { SourceTable } from '../../../catalog/model/table.js';
import { mysqlDdl } from '../../../connectors/mysql/ddl.js';
import { columnClause } from '../../../connectors/mysql/ddl-columns.js';
import { indexPart } from '../../../connectors/mysql/ddl-names.js';
import { CHINOOK, chinookInto } from './describe-chinook.js';
import { MARIADB, readAll, TestSource } from './source.js';

const written = (table: SourceTable): Ddl =>
  mysqlDdl({ ...table, owner: null, comment: table.comment ?? null, partitionsLeftOut: 0 });

/** What of a table its DDL is to make again; figures are not part of it. */
const shapeOf = ({ name, type, comment, structure, partitions }: SourceTable) => ({
  name,
  type,
  comment,
  structure,
  partitions: partitions.map(({ rows: _rows, bytes: _bytes, ...partition }) => partition),
});

/** Fills a database, makes its tables anew in another, each text run whole, and compares them. */
async function expectSameAgain(fill: (database: string) => string): Promise<Ddl[]> {
  const [first, second] = [await TestSource.create(), await TestSource.create()];
  try {
    await first.run(fill(first.database));
    const { tables, problems } = await readAll(await first.open());
    expect(problems).toEqual([]);
    const texts = tables.toSorted((a, b) => a.type.localeCompare(b.type)).map(written);
    for (const ddl of texts) {
      // The server prints the text of a view with the name of its database.
      const text = ddlText({ ...ddl, foreignKeys: [] }).replaceAll(`\`${first.database}\``, `\`${second.database}\``);
      await second.run(text).catch((error: unknown) => {
        throw new Error(`${String(error)} in\n${text}`);
      });
    }
    for (const { foreignKeys } of texts) for (const statement of foreignKeys) await second.run(statement);
    const again = await readAll(await second.open());
    const byName = (list: SourceTable[]) => list.map(shapeOf).sort((a, b) => (a.name < b.name ? -1 : 1));
    const expected = JSON.parse(JSON.stringify(byName(tables)).replaceAll(first.database, second.database));
    expect(JSON.parse(JSON.stringify(byName(again.tables)))).toEqual(expected);
    return texts;
  } finally {
    await first.drop();
    await second.drop();
  }
}

describe.skipIf(MARIADB === '')('the DDL of MariaDB', () => {
  it.skipIf(!existsSync(CHINOOK))('makes the tables of Chinook again as they were', async () => {
    expect((await expectSameAgain(chinookInto)).length).toBeGreaterThan(10);
  });

  it('makes everything else that a table can be made of again', async () => {
    const texts = await expectSameAgain(() => EVERYTHING);
    const notes = texts.flatMap((ddl) => ddl.notes);
    expect(notes).toContain('MariaDB shows a DEFAULT partition as one of the value 0, so it is written so.');
  });

  it('leaves the partitions out where it does not have them all, and says so', () => {
    const table: SourceTable = {
      key: 't',
      schema: null,
      name: 't',
      type: 'PARTITIONED_TABLE',
      structure: {
        columns: [{ name: 'id', ordinal: 1, type: 'int(11)', nullable: true }],
        uniqueKeys: [],
        foreignKeys: [],
        indexes: [],
        partitionedBy: 'LIST (`id`)',
        properties: { engine: 'InnoDB' },
      },
      partitions: [{ name: 'p', ordinal: 1, bound: 'VALUES IN (1)' }],
    };
    const { notes, statements } = mysqlDdl({ ...table, owner: null, comment: null, partitionsLeftOut: 7 });
    expect(statements).toEqual(['CREATE TABLE `t` (\n    `id` int(11) NULL\n) ENGINE=InnoDB']);
    expect(notes).toContain('Partitioned by LIST (`id`); left out, since its partitions are.');
    expect(notes).toContain('7 more partitions are left out; the list of partitions has them.');
  });
});

describe('the DDL of MySQL', () => {
  const column = { name: 'a', ordinal: 1, type: 'varchar(40)', nullable: true };

  it('has expressions in parentheses, and constants as the server reads them', () => {
    expect(columnClause({ ...column, default: 'uuid()' })).toBe('`a` varchar(40) NULL DEFAULT (uuid())');
    expect(columnClause({ ...column, default: "_utf8mb4\\'it\\'" })).toContain("DEFAULT (_utf8mb4'it')");
    expect(columnClause({ ...column, default: "'it''s'" })).toBe("`a` varchar(40) NULL DEFAULT 'it''s'");
    expect(
      columnClause({
        ...column,
        nullable: false,
        generated: { expression: "concat(`b`,_utf8mb4\\' \\')", stored: true },
      }),
    ).toBe("`a` varchar(40) GENERATED ALWAYS AS (concat(`b`,_utf8mb4' ')) STORED NOT NULL");
    expect(columnClause({ ...column, type: 'point', attributes: ['SRID 4326'] })).toBe('`a` point NULL SRID 4326');
  });

  it('tells prefixes and directions of an index from names that look like them', () => {
    const columns = new Set(['a', 'a(10)', 'b DESC']);
    expect(
      ['a', 'a(5)', 'a(10)', 'a DESC', 'b DESC', '(lower(`a`)) DESC'].map((part) => indexPart(part, columns, false)),
    ).toEqual(['`a`', '`a`(5)', '`a(10)`', '`a` DESC', '`b DESC`', '(lower(`a`)) DESC']);
  });
});

const EVERYTHING = `
CREATE TABLE parent (id int PRIMARY KEY, other int, UNIQUE KEY two (other, id));
CREATE TABLE \`odd \`\`name\` (
  id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
  text_null varchar(10) DEFAULT 'NULL', quoted varchar(20) DEFAULT 'it''s \\\\ here', empty varchar(10) NOT NULL DEFAULT '',
  number decimal(5,2) DEFAULT 1.5, minus int DEFAULT -3, bits bit(3) DEFAULT b'101',
  moment datetime(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), maybe timestamp NULL, stamp timestamp NOT NULL DEFAULT '2020-01-01 00:00:00',
  expression int DEFAULT (1 + 2), made char(36) DEFAULT (uuid()), sort enum('a', 'it''s') NOT NULL DEFAULT 'a' COMMENT 'it''s \\\\ odd',
  twice int AS (minus * 2) STORED, thrice varchar(30) AS (concat(quoted, ' it''s')) VIRTUAL,
  hidden int INVISIBLE DEFAULT 5, name varchar(200) CHARACTER SET latin1 COLLATE latin1_bin COMMENT 'Büro名',
  words text, place point NOT NULL, p int,
  UNIQUE KEY one (name, number), KEY prefix (name(10)), KEY falling (minus DESC, name(5)), FULLTEXT KEY found (words),
  SPATIAL KEY near (place), KEY ignored_one (number) IGNORED, KEY noted (minus, number) COMMENT 'why''s',
  CONSTRAINT to_parent FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE ON UPDATE SET NULL
) ROW_FORMAT=DYNAMIC COMMENT='A ''table''' COLLATE utf8mb4_bin;
CREATE TABLE quick (a int, b int, KEY tree (a) USING BTREE, KEY hashed (b) USING HASH) ENGINE=MEMORY MAX_ROWS=100;
CREATE TABLE by_list (id int) PARTITION BY LIST (id) (PARTITION low VALUES IN (1,2) COMMENT='few', PARTITION rest VALUES IN (3));
CREATE TABLE by_key (id int PRIMARY KEY) PARTITION BY KEY () PARTITIONS 2;
CREATE TABLE by_year (id int, d date) PARTITION BY RANGE (YEAR(d)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2
  (PARTITION old VALUES LESS THAN (2000), PARTITION new VALUES LESS THAN MAXVALUE);
CREATE TABLE by_day (id int, d date) PARTITION BY RANGE COLUMNS (d)
  (PARTITION old VALUES LESS THAN ('2000-01-01'), PARTITION new VALUES LESS THAN (MAXVALUE));
CREATE TABLE versioned (id int, x int WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING;
CREATE TABLE period (id int, a timestamp(6) GENERATED ALWAYS AS ROW START, b timestamp(6) GENERATED ALWAYS AS ROW END,
  PERIOD FOR SYSTEM_TIME (a, b)) WITH SYSTEM VERSIONING;
CREATE SQL SECURITY INVOKER VIEW seen AS SELECT id, other AS \`As other\` FROM parent WHERE id > 3 WITH LOCAL CHECK OPTION`;
