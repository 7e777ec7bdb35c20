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

const withColumns = (...columnNames: string[]) =>
  tableDocument({ name: 'email', columnNames, columnComments: columnNames.map(() => '') });

test('the column that is matched most stands first, and five are enough', () => {
  const document = withColumns(...Array.from({ length: 8 }, (_, n) => `email_${n}_of_parent`), 'email');
  const lines = shown(highlightsOf(document, [{ word: 'email', prefix: true }]));
  expect(lines.slice(0, 2)).toEqual(['name: [email]', 'column: [email]']);
  expect(lines).toHaveLength(6);
});

test('columns that have some of the words are told of where none has them all', () => {
  const sought = [
    { word: 'c', prefix: false },
    { word: '1599', prefix: true },
  ];
  expect(shown(highlightsOf(withColumns('c0', 'c1', 'c1599'), sought))).toEqual(['column: [c1599]']);
  expect(shown(highlightsOf(withColumns('c0', 'c1'), sought))).toEqual(['column: [c]0', 'column: [c]1']);
});

test('a search for fields is told of columns alone, also of those typed without their separators', () => {
  const found = highlightsOf(withColumns('EMail', 'id'), [{ word: 'email', prefix: true }], 'email', {
    within: 'columns',
  });
  expect(shown(found)).toEqual(['column: [EMail]']);
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

test('where only the best place is wanted, the rest is marked only of a document whose name does not match', () => {
  const sought = [{ word: 'order', prefix: true }];
  const of = (name: string) =>
    shown(
      highlightsOf(tableDocument({ name, columnNames: ['order_id'], comment: 'An order' }), sought, 'order', {
        onlyBest: true,
      }),
    );
  expect(of('orders')).toEqual(['name: [order]s']);
  expect(of('t_0815')).toEqual(['column: [order]_id', 'comment: An [order]']);
});
