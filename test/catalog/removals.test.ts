import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Receipt } from '../../catalog/collect/receipt.js';
import { DEFAULT_BOUNDS } from '../../catalog/collect/removal-bounds.js';
import {
  decideRemovals,
  isHeld,
  type MissingTables,
  type RemovalFacts,
  waitingTables,
} from '../../catalog/collect/removals.js';

const receipt: Receipt = {
  complete: true,
  unlistedSchemas: [],
  tables: 50,
  as: 'collector',
  server: 'server-1',
  version: '18',
  queries: 3,
  fullRead: false,
};
const cause = { code: 'PERMISSION_DENIED', reason: 'no USAGE', remedy: 'GRANT USAGE ON SCHEMA b TO collector' };
type Counts = Record<string, number | Partial<MissingTables>>;
/** Tables on the map and missing, by schema; the missing ones are new to everybody where nothing else is said. */
const facts = (living: Record<string, number>, missing: Counts, more: Partial<RemovalFacts> = {}): RemovalFacts => ({
  living: new Map(Object.entries(living)),
  missing: new Map(
    Object.entries(missing).map(([schema, tables]) => [
      schema,
      { fresh: 0, waiting: 0, again: 0, rejected: 0, ...(typeof tables === 'number' ? { fresh: tables } : tables) },
    ]),
  ),
  bounds: DEFAULT_BOUNDS,
  crawler: { bounds: DEFAULT_BOUNDS, removed: 0, of: 1_000_000 },
  ...more,
});

test('a complete listing removes what it does not show', () => {
  expect(decideRemovals(receipt, facts({ a: 100 }, { a: 5 }))).toEqual({
    apply: true,
    kept: [],
    removing: 5,
    waiting: 0,
  });
});

test('an incomplete listing removes nothing and says why', () => {
  const plan = decideRemovals({ ...receipt, complete: false, incomplete: cause }, facts({ a: 9 }, { a: 5 }));
  expect(plan).toEqual({ apply: false, kept: [{ schema: null, tables: 5, ...cause }] });
});

test('another server removes nothing', () => {
  const plan = decideRemovals({ ...receipt, serverChanged: { from: 'x' } }, facts({ a: 9 }, { a: 1 }));
  expect(plan).toMatchObject({ apply: false, kept: [{ tables: 1, code: 'SERVER_CHANGED' }] });
});

test('tables of a schema that could not be listed stay, and do not count towards the bounds', () => {
  const unlisted = { ...receipt, complete: false, unlistedSchemas: [{ schema: 'b', ...cause }] };
  expect(decideRemovals(unlisted, facts({ a: 100, b: 900 }, { a: 20, b: 900 }))).toEqual({
    apply: true,
    removing: 20,
    waiting: 0,
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
  expect(isHeld(decideRemovals(receipt, facts({ a: living }, { a: missing })))).toBe(held);
});

test.each<[string, Partial<Receipt>]>([
  ['EMPTY_LISTING', { tables: 0 }],
  ['ACCOUNT_CHANGED', { accountChanged: { from: 'reader' } }],
  ['PRIVILEGES_CHANGED', { privilegesChanged: true }],
  ['DATABASE_CHANGED', { databaseChanged: { from: '16384' } }],
])('%s holds even one missing table, and nothing when none is missing', (code, change) => {
  const given = { ...receipt, ...change };
  expect(decideRemovals(given, facts({ a: 100 }, { a: 1 }))).toMatchObject({
    held: { tables: 1, of: 100 },
    because: { code },
  });
  expect(decideRemovals(given, facts({ a: 100 }, {}))).toMatchObject({ apply: true, removing: 0 });
});

test('a standby that shows the past removes nothing and asks nobody', () => {
  const plan = decideRemovals({ ...receipt, replicaBehind: { by: '4096' } }, facts({ a: 9 }, { a: 1 }));
  expect(plan).toMatchObject({ apply: false, kept: [{ tables: 1, code: 'REPLICA_BEHIND' }] });
  expect(isHeld(plan)).toBe(false);
});

test('what waits stays, counts towards the bounds, and does not keep others from going', () => {
  const few = decideRemovals(receipt, facts({ a: 100 }, { a: { fresh: 2, waiting: 20 } }));
  expect(few).toMatchObject({ apply: true, removing: 2, waiting: 20 });
  expect(waitingTables(few)).toBe(20);
  const many = decideRemovals(receipt, facts({ a: 100 }, { a: { fresh: 11, waiting: 20 } }));
  expect(many).toMatchObject({ held: { tables: 31, of: 100 }, because: { code: 'REMOVALS_HELD' } });
});

test('what a person rejected stays; what nobody decided on in time is held again', () => {
  expect(decideRemovals(receipt, facts({ a: 100 }, { a: { fresh: 1, rejected: 40 } }))).toMatchObject({
    apply: true,
    removing: 1,
    kept: [{ tables: 40, code: 'REMOVALS_REJECTED' }],
  });
  expect(decideRemovals(receipt, facts({ a: 100 }, { a: { again: 1 } }))).toMatchObject({ held: { tables: 1 } });
});

test('the bounds are the database’s own, and the crawler as a whole has its', () => {
  const strict = { share: 0, tables: 0 };
  expect(isHeld(decideRemovals(receipt, facts({ a: 100 }, { a: 1 }, { bounds: strict })))).toBe(true);
  const all = { share: 1, tables: 10 };
  expect(isHeld(decideRemovals(receipt, facts({ a: 100 }, { a: 99 }, { bounds: all })))).toBe(false);
  const crawler = { bounds: DEFAULT_BOUNDS, removed: 20, of: 80 };
  expect(decideRemovals(receipt, facts({ a: 20 }, { a: 5 }, { crawler }))).toMatchObject({
    because: { reason: expect.stringContaining('25 of 80 tables of the crawler') },
  });
  expect(isHeld(decideRemovals(receipt, facts({ a: 20 }, { a: 4 }, { crawler })))).toBe(false);
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
        const plan = decideRemovals(given, facts(living, missing));
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
