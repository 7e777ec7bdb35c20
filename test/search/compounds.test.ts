import { expect, test } from 'vitest';
import { partsOf } from '../../search/compounds.js';

test.each([
  ['salesorderheader', ['sales', 'order', 'header']],
  ['billofmaterials', ['bill', 'of', 'materials']],
  ['vemployee', ['v', 'employee']],
  ['customerid', ['customer', 'id']],
  ['categoriesbycountry', ['categories', 'by', 'country']],
])('takes %s apart', (word, parts) => {
  expect(partsOf(word)).toEqual(parts);
});

test.each([
  'customer',
  'together',
  'information',
  'department',
  'household',
  'candidate',
  'salesxyzheader',
  'id',
  '订单',
])('leaves %s whole', (word) => {
  expect(partsOf(word)).toBeUndefined();
});
