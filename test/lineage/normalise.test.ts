import { beforeAll, describe, expect, test } from 'vitest';
import { normalise } from '../../lineage/history/normalise.js';
import { grammarReady } from '../../lineage/sql/libpg-query.js';

beforeAll(() => grammarReady());

const textOf = (sql: string) => normalise(sql)?.text;

describe('A statement of a history', () => {
  test.each([
    [`SELECT 'a''b', "a'b", 12, 1.5e-3, .5, 0x1F FROM t1`, 'SELECT $1, "a\'b", $2, $3, $4, $5 FROM t1'],
    [String.raw`SELECT E'a\'b', b'01', N'x', U&'d', $$no$$, $t$ 'x' $$ $t$`, 'SELECT $1, $2, $3, $4, $5, $6'],
    ['SELECT $2, 7 -- who: ada', 'SELECT $2, $3'],
    ["SELECT/* a /* b */ 'c' */1;", 'SELECT $1'],
    ['SELECT a FROM été_1 WHERE ß = 2', 'SELECT a FROM été_1 WHERE ß = $1'],
    [
      "CREATE TABLE s.z AS SELECT 'secret' AS b FROM s.t LIMIT 5",
      'CREATE TABLE s.z AS SELECT $1 AS b FROM s.t LIMIT $2',
    ],
    ["SELECT interval '1 day', date '2026-01-01' FROM t", 'SELECT interval $1, date $2 FROM t'],
  ])('holds nothing that was typed into it: %s', (sql, expected) => {
    expect(textOf(sql)).toBe(expected);
    expect(normalise(sql)?.access).toBeDefined();
  });

  test.each(["SELECT 'abc", 'SELECT "abc', 'SELECT 1 /* abc', "SELECT $x$ abc ' $$"])(
    'that was cut off is not kept: %s',
    (sql) => expect(normalise(sql)).toBeUndefined(),
  );

  test('is the same whatever its constants and spacing, and another for other tables', () => {
    const print = (sql: string) => normalise(sql)?.fingerprint;
    expect(print('SELECT a FROM t WHERE b IN (1, 2)')).toBe(print('select  a from t where b in (3, 4, 5)'));
    expect(print('SELECT a FROM t_20250101')).not.toBe(print('SELECT a FROM t_20250102'));
    expect(print('SELEC a FROM t')).toBe(print('SELEC a FROM t'));
  });

  const access = (sql: string) => {
    const found = normalise(sql)?.access;
    const names = (tables: { schema?: string; name: string }[] = []) =>
      tables
        .map(({ schema, name }) => (schema === undefined ? name : `${schema}.${name}`))
        .sort()
        .join(' ');
    return `${found?.kind}: ${names(found?.reads)} > ${names(found?.writes)}`;
  };

  test.each([
    ['SELECT * FROM a JOIN s.b USING (id) WHERE x IN (SELECT y FROM c)', 'select: a c s.b > '],
    ['WITH a AS (SELECT * FROM b) SELECT * FROM a, s.a', 'select: b s.a > '],
    ['INSERT INTO t VALUES (1)', 'insert:  > t'],
    ['INSERT INTO t SELECT * FROM t JOIN b ON true', 'insert: b t > t'],
    ['UPDATE t SET a = b.a FROM b WHERE t.id = b.id', 'update: b > t'],
    ['DELETE FROM t USING b WHERE t.id = b.id', 'delete: b > t'],
    ['MERGE INTO t USING b ON t.id = b.id WHEN MATCHED THEN DELETE', 'merge: b > t'],
    ['CREATE TABLE t AS SELECT * FROM b', 'create_table: b > t'],
    ['SELECT * INTO t FROM b', 'select_into: b > t'],
    ['WITH gone AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM gone', 'insert: a > a b'],
    ['COPY t FROM STDIN', 'copy:  > t'],
    ['COPY (SELECT * FROM b) TO STDOUT', 'copy: b > '],
    ['DECLARE c CURSOR FOR SELECT * FROM b', 'select: b > '],
    ["ALTER ROLE x PASSWORD 'secret'", 'other:  > '],
    ['CREATE MATERIALIZED VIEW v AS SELECT * FROM b', 'other:  > '],
  ])('reads and writes tables: %s', (sql, expected) => expect(access(sql)).toBe(expected));
});
