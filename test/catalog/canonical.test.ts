import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalTable, HASH_BYTES } from '../../catalog/collect/canonical.js';
import type { SourceTable } from '../../catalog/model/table.js';
import { syntheticTable } from '../fakes/synthetic-table.js';

const table = (): SourceTable => ({
  ...syntheticTable('1', 'public', 3),
  partitions: [
    { name: 'p1', ordinal: 1, bound: 'FROM 1 TO 2', rows: 10, bytes: 100 },
    { name: 'p2', ordinal: 2, bound: 'FROM 2 TO 3', properties: { a: '1', b: '2' } },
  ],
});
const hash = (value: SourceTable) => canonicalTable(value).hash.toString('hex');

/** The same data with the properties of every object in another order. */
function shuffled<T>(value: T, random: () => number): T {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, random)) as T;
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([name, inner]) => ({ name, inner, place: random() }));
  entries.sort((a, b) => a.place - b.place);
  return Object.fromEntries(entries.map(({ name, inner }) => [name, shuffled(inner, random)])) as T;
}

describe('the hash of a table', () => {
  test('is 16 bytes and the same for the same content', () => {
    expect(canonicalTable(table()).hash).toHaveLength(HASH_BYTES);
    expect(hash(table())).toBe(hash(table()));
  });

  test('does not depend on the order of properties', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (numbers) => {
        expect(hash(shuffled(table(), () => numbers.next().value as number))).toBe(hash(table()));
      }),
    );
  });

  test('does not depend on the order of keys, indexes and partitions, nor on absent against undefined', () => {
    const index = (name: string) => ({ name, unique: false, columns: ['id'] });
    const one = table();
    one.structure.indexes = [index('a'), index('b')];
    const other = table();
    other.structure.indexes = [{ ...index('b'), where: undefined as never }, index('a')];
    other.partitions.reverse();
    expect(hash(other)).toBe(hash(one));
  });

  test('does not depend on statistics', () => {
    const other = { ...table(), rows: 5, bytes: 6 };
    other.partitions = other.partitions.map((partition) => ({ ...partition, rows: 77, bytes: 88 }));
    expect(hash(other)).toBe(hash(table()));
  });

  test.each<[string, (value: SourceTable) => void]>([
    ['name', (value) => Object.assign(value, { name: 'x' })],
    ['schema', (value) => Object.assign(value, { schema: 'x' })],
    ['type', (value) => Object.assign(value, { type: 'VIEW' })],
    ['owner', (value) => Object.assign(value, { owner: 'x' })],
    ['comment', (value) => Object.assign(value, { comment: undefined })],
    [
      'order of columns',
      (value) => {
        value.structure.columns = value.structure.columns
          .toReversed()
          .map((column, index) => ({ ...column, ordinal: index + 1 }));
      },
    ],
    ['type of a column', (value) => Object.assign(value.structure.columns[3] as object, { type: 'x' })],
    ['comment of a column', (value) => Object.assign(value.structure.columns[3] as object, { comment: 'x' })],
    ['attributes of a column', (value) => Object.assign(value.structure.columns[3] as object, { attributes: ['x'] })],
    [
      'attributes of an index',
      (value) => {
        value.structure.indexes = [{ name: 'i', unique: false, columns: ['id'], attributes: ['INVISIBLE'] }];
      },
    ],
    ['primary key', (value) => Object.assign(value.structure, { primaryKey: undefined })],
    ['text of a view', (value) => Object.assign(value.structure, { viewDefinition: 'SELECT 1' })],
    ['set of partitions', (value) => value.partitions.pop()],
    ['bound of a partition', (value) => Object.assign(value.partitions[0] as object, { bound: 'x' })],
  ])('changes with the %s', (_what, change) => {
    const other = table();
    change(other);
    expect(hash(other)).not.toBe(hash(table()));
  });

  test('of the structure stays when only the set of partitions changes', () => {
    const other = table();
    other.partitions.pop();
    expect(canonicalTable(other).structureHash).toEqual(canonicalTable(table()).structureHash);
  });
});

test('what PostgreSQL cannot store is replaced, wherever it stands', () => {
  const odd = table();
  odd.comment = 'a\0b';
  (odd.structure.columns[0] as { comment?: string }).comment = 'half \ud83d pair';
  odd.structure.properties = { 'na\0me': 'x' };
  const { table: clean, structure } = canonicalTable(odd);
  expect(clean.comment).toBe('a\ufffdb');
  expect(structure).not.toContain('\\u0000');
  expect(structure).not.toContain('\\ud83d');
  expect(structure).toContain('half \ufffd pair');
});

test('a whole surrogate pair and a backslash before u0000 are left alone', () => {
  const fine = { ...table(), comment: 'face \u{1f600} and \\u0000 in words' };
  expect(canonicalTable(fine).table.comment).toBe(fine.comment);
});
