import { afterEach, expect, test } from 'vitest';
import { StatementReader } from '../../lineage/threads/statement-reader.js';

let reader: StatementReader;
afterEach(() => reader.close());

const small = { sql: 'CREATE VIEW v AS SELECT t.a FROM t', dialect: 'postgresql' } as const;
/** Two hundred KB that the parser takes far longer over than it is given here. */
const endless = {
  sql: `SELECT ${Array.from({ length: 15_000 }, (_, place) => `a.c${place} + 1`).join(', ')} FROM t a`,
  dialect: 'postgresql' as const,
  target: { table: { name: 'v' } },
  columns: [[{ name: 't' }, Array.from({ length: 15_000 }, (_, place) => `c${place}`)] as const],
};

test('Texts are answered in their order, with columns where the tables are known', async () => {
  reader = new StatementReader();
  const [tables, columns, other] = await reader.readAll([
    small,
    { ...small, columns: [[{ name: 't' }, ['a', 'b']]] },
    { sql: 'SELEKT', dialect: 'postgresql' },
  ]);
  expect(tables?.statements).toMatchObject([{ sources: [{ name: 't' }], columns: [] }]);
  expect(columns?.statements).toMatchObject([{ columns: [{ column: 'a' }], columnLevel: 'complete' }]);
  expect(other?.unparsed).toHaveLength(1);
});

test('A statement that takes too long is unparsed with that reason, and those behind it are read', async () => {
  reader = new StatementReader({ threads: 1, mostTime: 2_000 });
  const [before, stuck, after] = await reader.readAll([small, endless, small]);
  expect(before?.statements).toHaveLength(1);
  expect(stuck).toMatchObject({ statements: [], unparsed: [{ reason: 'took longer than 2 s' }] });
  expect(after?.statements).toHaveLength(1);
});

test('What waits when the reader is closed comes back unparsed, and so does what comes later', async () => {
  reader = new StatementReader({ threads: 1 });
  const waiting = reader.readAll([small, small]);
  await reader.close();
  const answers = [...(await waiting), await reader.read(small)];
  expect(answers.flatMap(({ unparsed }) => unparsed.map(({ reason }) => reason))).toEqual([
    'the reader was closed',
    'the reader was closed',
    'the reader is closed',
  ]);
});
