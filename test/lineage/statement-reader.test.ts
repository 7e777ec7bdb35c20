import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { StatementReader } from '../../lineage/processes/statement-reader.js';

let reader: StatementReader;
afterEach(() => {
  vi.unstubAllEnvs();
  return reader.close();
});

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
  reader = new StatementReader({ processes: 1, mostTime: 2_000 });
  const [before, stuck, after] = await reader.readAll([small, endless, small]);
  expect(before?.statements).toHaveLength(1);
  expect(stuck).toMatchObject({ statements: [], unparsed: [{ reason: 'took longer than 2 s' }] });
  expect(after?.statements).toHaveLength(1);
});

test('What waits when the reader is closed comes back unparsed, and so does what comes later', async () => {
  reader = new StatementReader({ processes: 1 });
  const waiting = reader.readAll([small, small]);
  await reader.close();
  const answers = [...(await waiting), await reader.read(small)];
  expect(answers.flatMap(({ unparsed }) => unparsed.map(({ reason }) => reason))).toEqual([
    'the reader was closed',
    'the reader was closed',
    'the reader is closed',
  ]);
});

test('A process ends when there was nothing to read for a while, and another one reads what comes then', async () => {
  reader = new StatementReader({ processes: 1, mostIdle: 50 });
  await reader.read(small);
  const [first] = reader.processIds();
  await vi.waitFor(() => expect(reader.processIds()).toEqual([]), 5_000);
  expect((await reader.read(small)).statements).toHaveLength(1);
  expect(reader.processIds()).not.toContain(first);
});

test('What the first parser refuses is read by the grammar of PostgreSQL, which comes when it is needed', async () => {
  reader = new StatementReader({ processes: 1 });
  const refused = { sql: 'CREATE TABLE mart.n AS TABLE raw.orders', dialect: 'postgresql' } as const;
  const [before, first, second] = await reader.readAll([small, refused, refused]);
  expect(before?.statements).toMatchObject([{ parser: 'polyglot' }]);
  expect(first?.statements).toMatchObject([{ parser: 'libpg-query', sources: [{ schema: 'raw', name: 'orders' }] }]);
  expect(second).toEqual(first);
});

test('A process that is killed from outside costs the statement in its hands and no other', async () => {
  reader = new StatementReader({ processes: 1, mostTime: 60_000 });
  const [, stuck, after] = await Promise.all([
    reader.read(small).then(() => process.kill(reader.processIds()[0] ?? 0, 'SIGKILL')),
    reader.read(endless),
    reader.read(small),
  ]);
  expect(stuck.unparsed).toMatchObject([{ reason: 'its process ended' }]);
  expect(after.statements).toHaveLength(1);
});

test.skipIf(process.platform !== 'linux')('A process knows nothing of the environment of the worker', async () => {
  vi.stubEnv('DATAMAP_SECRET_KEY', 'kept');
  reader = new StatementReader({ processes: 1 });
  await reader.read(small);
  const [id] = reader.processIds();
  const names = readFileSync(`/proc/${id}/environ`, 'utf8')
    .split('\0')
    .map((pair) => pair.split('=')[0]);
  const told = names.filter((name) => name !== '' && !name?.startsWith('NODE_CHANNEL'));
  expect(told).toEqual(['MALLOC_ARENA_MAX', 'MALLOC_MMAP_THRESHOLD_']);
});
