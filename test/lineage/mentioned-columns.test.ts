import { expect, test } from 'vitest';
import { extractLineage } from '../../lineage/sql/extract.js';
import { mentionedColumns } from '../../lineage/sql/mentioned-columns.js';

const COLUMNS = ['id', 'total', 'cid', 'a"b'];

test.each([
  'SELECT * FROM t',
  'SELECT t.*, 1 FROM t',
  'SELECT 1, * FROM t',
  'SELECT DISTINCT ON (id) * FROM t',
  'SELECT TOP 10 * FROM t',
  'SELECT * EXCEPT (id) FROM t',
  'SELECT x.id FROM (SELECT *\nFROM t) x',
  'SELECT id FROM t NATURAL JOIN u',
  'SELECT U&"\\0069d" FROM t',
])('All columns are told of for %s', (sql) => {
  expect(mentionedColumns(sql)(COLUMNS)).toEqual(COLUMNS);
});

test.each([
  ['SELECT ID * 2 FROM t', ['id', 'a"b']],
  ['SELECT count(*), count( * ) FROM t WHERE total > 1', ['total', 'a"b']],
  ["SELECT id FROM t -- * FROM\nWHERE x = ', *'", ['id', 'a"b']],
])('Those that %s may mean are told of', (sql, expected) => {
  expect(mentionedColumns(sql)(COLUMNS)).toEqual(expected);
});

test('A table of which no column is named is known all the same', () => {
  expect(mentionedColumns('SELECT 1 FROM t')(['id', 'total'])).toEqual(['id']);
});

test('The query of an INSERT is read without what stands before and behind it', () => {
  const columnsOf = () => ['id', 'total'];
  for (const sql of [
    'INSERT INTO m.t (id) SELECT total FROM r.o',
    'INSERT INTO m.t (id) SELECT total FROM r.o ON CONFLICT (id) DO NOTHING',
    'INSERT INTO m.t (id) SELECT total FROM r.o RETURNING id',
    'INSERT INTO m.t (id) (SELECT total FROM r.o)',
    'WITH q AS (SELECT total FROM r.o) INSERT INTO m.t (id) SELECT total FROM q',
  ]) {
    const { statements } = extractLineage({ sql, dialect: 'postgresql' }, { columnsOf });
    const sources = [{ table: { schema: 'r', name: 'o' }, column: 'total' }];
    expect(statements, sql).toMatchObject([{ columns: [{ column: 'id', sources }], columnLevel: 'complete' }]);
  }
});
