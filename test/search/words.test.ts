import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compact, fold, plainWordsOf, queryWordsOf, wordsOf } from '../../search/words.js';

const words = (text: string) => wordsOf(text).map(({ word }) => word);

describe('a text is taken apart', () => {
  test.each([
    ['at separators', 'dim_customer-orders.v', ['dim', 'customer', 'orders', 'v']],
    ['at camelCase humps', 'CustomerOrderHistory', ['customer', 'order', 'history']],
    ['after an acronym', 'parseHTTPResponse', ['parse', 'http', 'response']],
    ['between letters and digits', 'orders2024q3', ['orders', '2024', 'q', '3']],
    ['into capitals alone', 'ORDERS_OF_DAY', ['orders', 'of', 'day']],
    ['without accents and case', 'Größe ÉCOLE straße Łódź', ['grosse', 'ecole', 'strasse', 'lodz']],
    ['in other alphabets', 'ЗаказыКлиентов παραγγελίες', ['заказы', 'клиентов', 'παραγγελιες']],
    [
      'into characters and pairs where no spaces are written',
      '客户订单',
      ['客', '客户', '户', '户订', '订', '订单', '单'],
    ],
    ['where scripts meet', 'ods订单v2', ['ods', '订', '订单', '单', 'v', '2']],
    ['into nothing where there is nothing', ' _-🦀 ', []],
  ])('%s', (_how, text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  test('with the places where the words stand', () => {
    const text = 'é CustomerÉmail 客户';
    for (const { word, start, end } of wordsOf(text)) expect(fold(text.slice(start, end))).toBe(word);
  });

  test('the same way whether it is plain ASCII or not', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 80 }), (text) => {
        expect(words(text)).toEqual(words(`${text} é`).slice(0, -1));
        expect(plainWordsOf(text)).toEqual(words(text));
      }),
    );
  });

  test('into letters and digits only, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        for (const word of [...words(text), ...queryWordsOf(text)]) expect(word).toMatch(/^[\p{L}\p{N}]{1,64}$/u);
        expect(compact(text)).toMatch(/^[\p{L}\p{N}]{0,64}$/u);
      }),
    );
  });
});

test('a query has the pairs of an unspaced run only, and a lone character as it is', () => {
  expect(queryWordsOf('客户订单 orders')).toEqual(['客户', '户订', '订单', 'orders']);
  expect(queryWordsOf('表')).toEqual(['表']);
});

test('a name is the same however its words are joined', () => {
  expect(compact('DimCustomer_Orders')).toBe(compact('dim customer-orders'));
});
