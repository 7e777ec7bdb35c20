import { describe, expect, it } from 'vitest';
import { shownStructure } from '../../catalog/entities/shown-structure.js';

/** Whether the text of a view is left out to whom a database of this name is hidden. */
const leftOut = (viewDefinition: string, hidden: string, schema: string | null = null) =>
  shownStructure({ viewDefinition }, [hidden], schema).restricted !== undefined;

describe('The text of a view is left out where it names a hidden database', () => {
  it.each([
    ['select 1 from `payroll`.`wages`', 'payroll'],
    ['select 1 from payroll . wages', 'payroll'],
    ['select `PayRoll`.`pay`(1)', 'payroll'],
    ['select 1 from ("payroll"."wages" join `shop`.`orders`)', 'payroll'],
    ['select 1 from `pay``roll`.`wages`', 'pay`roll'],
    ['select 1 from `pay-roll (old)`.`wages`', 'pay-roll (old)'],
    ['select 1 from `löhne`.`wages`', 'LÖHNE'],
    ["select 'see payroll.wages'", 'payroll'],
  ])('%s', (text, hidden) => expect(leftOut(text, hidden)).toBe(true));

  it.each([
    ['select `o`.`payroll` from `shop`.`payroll`', 'payroll'],
    ['select `shop`.`payroll`.`id` from `shop`.`payroll`', 'payroll'],
    ['select 1 from `my_payroll`.`wages`, `payroll2`.`wages`', 'payroll'],
    ['select payroll from shop.orders', 'payroll'],
  ])('and not in %s', (text, hidden) => expect(leftOut(text, hidden)).toBe(false));

  it('of a source with schemas by names of three parts alone: the first of two is a schema', () => {
    expect(leftOut('SELECT o.id FROM payroll.orders o', 'payroll', 'public')).toBe(false);
    expect(leftOut('SELECT o.id FROM payroll.public.orders o', 'payroll', 'public')).toBe(true);
  });
});
