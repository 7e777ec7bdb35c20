import fc from 'fast-check';
import { expect, test } from 'vitest';
import { highlightsOf } from '../../search/highlight.js';
import { tableDocument } from './sample-documents.js';

const shown = (highlights: ReturnType<typeof highlightsOf>) =>
  highlights.map(
    ({ field, segments }) => `${field}: ${segments.map(({ text, match }) => (match ? `[${text}]` : text)).join('')}`,
  );

test('a word of an unspaced script is marked where its pairs stand, as one', () => {
  const document = tableDocument({ name: 't1', comment: '本表存储客户订单明细' });
  expect(
    shown(
      highlightsOf(document, [
        { word: '客户', prefix: false },
        { word: '户订', prefix: false },
      ]),
    ),
  ).toEqual(['comment: 本表存储[客户订]单明细']);
});

test('a beginning is marked as far as it was typed, a whole word whole', () => {
  const document = tableDocument({ name: 'OrderOrders' });
  expect(shown(highlightsOf(document, [{ word: 'order', prefix: true }]))).toEqual(['name: [OrderOrder]s']);
});

test('a name typed without its separators is marked over them', () => {
  const document = tableDocument({ name: 'dim_customer_orders' });
  expect(shown(highlightsOf(document, [{ word: 'dimcust', prefix: true }], 'dimcust'))).toEqual([
    'name: [dim_cust]omer_orders',
  ]);
});

test('the column that is matched most stands first, and five are enough', () => {
  const columnNames = ['email', ...Array.from({ length: 8 }, (_, n) => `email_${n}_of_parent`), 'customer_email'];
  const document = tableDocument({ name: 't', columnNames, columnComments: columnNames.map(() => '') });
  const lines = shown(
    highlightsOf(document, [
      { word: 'customer', prefix: false },
      { word: 'email', prefix: true },
    ]),
  );
  expect(lines[0]).toBe('column: [customer]_[email]');
  expect(lines).toHaveLength(5);
});

test("a match in a column's comment names the column", () => {
  const document = tableDocument({
    name: 't',
    columnNames: ['a', 'b'],
    columnComments: ['', 'where the receipt goes'],
  });
  expect(shown(highlightsOf(document, [{ word: 'receipt', prefix: true }]))).toEqual([
    'column: b: where the [receipt] goes',
  ]);
});

test('segments put together are the text, whatever the text and the words', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.string({ unit: 'grapheme', maxLength: 5 }),
      (name, word) => {
        const document = tableDocument({ name, comment: `${name} ${word}` });
        for (const { field, segments } of highlightsOf(document, [{ word, prefix: true }], word)) {
          if (field === 'name') expect(segments.map(({ text }) => text).join('')).toBe(name);
        }
      },
    ),
  );
});
