import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Receipt } from '../../catalog/collect/receipt.js';
import { decideRemovals, isHeld } from '../../catalog/collect/removals.js';

const receipt: Receipt = {
  complete: true,
  unlistedSchemas: [],
  tables: 0,
  as: 'collector',
  server: 'server-1',
  version: '18',
  queries: 3,
  fullRead: false,
};
const cause = { code: 'PERMISSION_DENIED', reason: 'no USAGE', remedy: 'GRANT USAGE ON SCHEMA b TO collector' };
const tables = (counts: Record<string, number>) => new Map<string | null, number>(Object.entries(counts));

test('a complete listing removes what it does not show', () => {
  expect(decideRemovals(receipt, tables({ a: 100 }), tables({ a: 5 }))).toEqual({ apply: true, kept: [] });
});

test('an incomplete listing removes nothing and says why', () => {
  const plan = decideRemovals({ ...receipt, complete: false, incomplete: cause }, tables({ a: 9 }), tables({ a: 5 }));
  expect(plan).toEqual({ apply: false, kept: [{ schema: null, tables: 5, ...cause }] });
});

test('another server removes nothing', () => {
  const plan = decideRemovals({ ...receipt, serverChanged: { from: 'x' } }, tables({ a: 9 }), tables({ a: 1 }));
  expect(plan).toMatchObject({ apply: false, kept: [{ tables: 1, code: 'SERVER_CHANGED' }] });
});

test('tables of a schema that could not be listed stay, and do not count towards the bounds', () => {
  const unlisted = { ...receipt, complete: false, unlistedSchemas: [{ schema: 'b', ...cause }] };
  expect(decideRemovals(unlisted, tables({ a: 100, b: 900 }), tables({ a: 20, b: 900 }))).toEqual({
    apply: true,
    kept: [{ schema: 'b', tables: 900, ...cause }],
  });
});

test.each([
  [10, 20, false],
  [11, 36, true],
  [11, 37, false],
  [30, 100, false],
  [31, 100, true],
  [11, 11, true],
])('%d of %d missing tables are held: %s', (missing, living, held) => {
  expect(isHeld(decideRemovals(receipt, tables({ a: living }), tables({ a: missing })))).toBe(held);
});

test('nothing is ever removed that was not looked for, or past both bounds', () => {
  const counts = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.nat(60));
  fc.assert(
    fc.property(
      counts,
      counts,
      fc.subarray(['a', 'b', 'c']),
      fc.boolean(),
      fc.boolean(),
      (more, missing, unlisted, incomplete, moved) => {
        const living = Object.fromEntries(
          ['a', 'b', 'c'].map((name) => [name, (more[name] ?? 0) + (missing[name] ?? 0)]),
        );
        const given: Receipt = {
          ...receipt,
          unlistedSchemas: unlisted.map((schema) => ({ schema, ...cause })),
          ...(incomplete ? { incomplete: cause } : {}),
          ...(moved ? { serverChanged: { from: 'x' } } : {}),
        };
        const plan = decideRemovals(given, tables(living), tables(missing));
        const all = Object.values(living).reduce((sum, count) => sum + count, 0);
        const looked = Object.entries(missing).filter(([name]) => !unlisted.includes(name));
        const gone = looked.reduce((sum, [, count]) => sum + count, 0);
        if (plan.apply) {
          expect(incomplete || moved).toBe(false);
          expect(gone <= 10 || gone <= 0.3 * all).toBe(true);
        }
      },
    ),
  );
});
