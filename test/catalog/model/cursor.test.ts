import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ANY_TEXT, DECIMAL, decodeCursor, encodeCursor, InvalidCursor, pageOf } from '../../../catalog/model/cursor.js';

test('a cursor gives back the key it was made of', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
      fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }),
      (name, id) => {
        const cursor = encodeCursor([name, String(id)]);
        expect(cursor).toMatch(/^[\w-]*$/);
        expect(decodeCursor(cursor, [ANY_TEXT, DECIMAL])).toEqual([name, String(id)]);
      },
    ),
  );
});

test.each([
  '',
  'nonsense',
  encodeCursor([]),
  encodeCursor(['1', '2']),
  encodeCursor(['-1']),
  encodeCursor(['9'.repeat(40)]),
  encodeCursor(['1; DROP TABLE entity']),
  Buffer.from('{"0":"1","length":1}').toString('base64url'),
  Buffer.from('[1]').toString('base64url'),
])('a cursor that no list gave out is refused: %s', (cursor) => {
  expect(() => decodeCursor(cursor, [DECIMAL])).toThrow(InvalidCursor);
});

test('a page goes on only where there are more rows', () => {
  const page = (rows: number[]) =>
    pageOf(
      rows,
      2,
      (row) => row * 10,
      (row) => [String(row)],
    );
  expect(page([])).toEqual({ items: [] });
  expect(page([1, 2])).toEqual({ items: [10, 20] });
  expect(page([1, 2, 3])).toEqual({ items: [10, 20], nextCursor: encodeCursor(['2']) });
});
