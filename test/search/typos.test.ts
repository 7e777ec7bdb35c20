import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allowedEdits, editDistance, oneEditAway } from '../../search/typos.js';

test.each([
  ['custmer', 'customer', 1],
  ['ordr', 'order', 1],
  ['ordres', 'orders', 1],
  ['cusotmre', 'customer', 2],
  ['orders', 'orders', 0],
  ['', 'abc', 3],
])('from "%s" to "%s" it takes %i edits', (typed, known, edits) => {
  expect(editDistance(typed, known)).toBe(edits);
});

test('a word still being typed is compared with the beginning of the known one', () => {
  expect(editDistance('cutsom', 'customer', true)).toBe(1);
  expect(editDistance('cutsom', 'customer')).toBe(3);
});

test('distance is symmetric, and zero for equal words only', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
    }),
  );
});

test('what is listed as one edit away is exactly that', () => {
  const listed = oneEditAway('order');
  for (const edit of listed) expect(editDistance('order', edit)).toBe(1);
  expect(listed).toEqual(expect.arrayContaining(['ordr', 'orders', 'odrer', 'xrder', 'oorder']));
});

test('short words allow no edits, long ones two', () => {
  expect([3, 4, 7, 8, 20].map(allowedEdits)).toEqual([0, 1, 1, 2, 2]);
});
