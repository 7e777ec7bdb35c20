import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { extractLineage } from '../../lineage/sql/extract.js';
import { grammarReady } from '../../lineage/sql/libpg-query.js';
import type { ColumnName, Dialect, TableName } from '../../lineage/sql/statement-lineage.js';

interface Case {
  name: string;
  sql: string;
  dialect?: Dialect;
  defaults?: { schema?: string };
  target?: TableName;
  parser?: string;
  /** `source > target` */
  tables: string[];
  columns?: Record<string, string[]>;
  indirect?: string[];
  unparsed?: number;
}

const CASES = new URL('./cases/', import.meta.url);
const COLUMNS: Record<string, string[]> = {
  'raw.customers': ['id', 'bonus', 'active'],
  'raw.orders': ['cid', 'total'],
  'raw.c': ['id', 'k'],
  'raw.z': ['k', 'x', 'id'],
  'mart.c': ['id', 'bonus', 'active'],
};
const tableText = ({ schema, name }: TableName) => (schema === undefined ? name : `${schema}.${name}`);
const columnText = ({ table, column }: ColumnName) => `${tableText(table)}.${column}`;
const columnsOf = (table: TableName) => COLUMNS[tableText(table)];

beforeAll(grammarReady);

for (const file of readdirSync(CASES)) {
  const dialect = file.replace('.json', '') as Dialect;
  describe(`Statements of ${dialect}`, () => {
    const cases = JSON.parse(readFileSync(new URL(file, CASES), 'utf8')) as Case[];
    test.each(cases)('$name', (statement) => {
      const task = {
        sql: statement.sql,
        dialect: statement.dialect ?? dialect,
        ...(statement.defaults === undefined ? {} : { defaults: statement.defaults }),
        ...(statement.target === undefined ? {} : { target: { table: statement.target } }),
      };
      for (const depth of [{}, { columnsOf }]) {
        const { statements, unparsed } = extractLineage(task, depth);
        const edges = statements.flatMap(({ target, sources }) =>
          sources.map((source) => `${tableText(source)} > ${tableText(target)}`),
        );
        expect(edges.sort()).toEqual(statement.tables);
        expect(unparsed).toHaveLength(statement.unparsed ?? 0);
        if (statement.parser !== undefined) expect(statements.map(({ parser }) => parser)).toEqual([statement.parser]);
      }
      const { statements } = extractLineage(task, { columnsOf });
      if (statement.columns !== undefined) {
        const found = statements.flatMap(({ columns }) =>
          columns.map(({ column, sources }) => [column, sources.map(columnText).sort()] as const),
        );
        expect(Object.fromEntries(found)).toEqual(statement.columns);
        expect(statements.map(({ columnLevel, reason }) => reason ?? columnLevel)).toEqual(['complete']);
      }
      if (statement.indirect !== undefined) {
        const uses = statements.flatMap(({ indirect }) => indirect.map(columnText));
        expect([...new Set(uses)].sort()).toEqual(statement.indirect);
      }
    });
  });
}

test('A text of more than 256 KB is kept unread', () => {
  const { statements, unparsed } = extractLineage({ sql: `SELECT '${'x'.repeat(270_000)}'`, dialect: 'postgresql' });
  expect({ statements, reason: unparsed[0]?.reason }).toEqual({ statements: [], reason: 'longer than 256 KB' });
});
