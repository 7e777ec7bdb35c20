import type { Cause, Receipt } from './receipt.js';

/** Removals past both bounds are not applied: more likely something hid the tables than somebody dropped them. */
const MOST_REMOVED_TABLES = 10;
const MOST_REMOVED_SHARE = 0.3;

/** Tables by schema; null for sources without schemas. */
export type TablesBySchema = ReadonlyMap<string | null, number>;

/** Tables that stay on the map though the listing did not show them. */
export interface Kept extends Cause {
  /** Null when the cause is not one schema's. */
  schema: string | null;
  tables: number;
}

/** What is done about tables that the catalog knows and the listing did not show. */
export type RemovalPlan =
  /** Tombstones for all outside the schemas that could not be listed. */
  { apply: true; kept: Kept[] } | { apply: false; kept: Kept[] } | HeldRemovals;

/** Nothing is removed until a person has looked. */
export interface HeldRemovals {
  apply: false;
  kept: Kept[];
  held: { tables: number; of: number };
}

export function isHeld(plan: RemovalPlan): plan is HeldRemovals {
  return 'held' in plan;
}

/**
 * Decides on removals from what the receipt proves. An object that was not looked for is never removed, and a mass of
 * them is held.
 * @param living tables on the map before this run, by schema
 * @param missing those of them that the listing did not show, by schema
 */
export function decideRemovals(receipt: Receipt, living: TablesBySchema, missing: TablesBySchema): RemovalPlan {
  const allMissing = total(missing);
  if (receipt.serverChanged !== undefined) {
    return { apply: false, kept: keptFor(allMissing, SERVER_CHANGED) };
  }
  if (receipt.incomplete !== undefined) return { apply: false, kept: keptFor(allMissing, receipt.incomplete) };

  const kept = receipt.unlistedSchemas.flatMap(({ schema, ...cause }) => {
    const tables = missing.get(schema) ?? 0;
    return tables === 0 ? [] : [{ schema, tables, ...cause }];
  });
  const removed = allMissing - kept.reduce((sum, { tables }) => sum + tables, 0);
  const of = total(living);
  if (removed > MOST_REMOVED_TABLES && removed > MOST_REMOVED_SHARE * of) {
    return { apply: false, kept, held: { tables: removed, of } };
  }
  return { apply: true, kept };
}

/** Written as a problem of the run and as the reason of what was kept. */
export const SERVER_CHANGED: Cause = {
  code: 'SERVER_CHANGED',
  reason: 'the server is not the one that was collected last time',
  remedy:
    'If the database was moved or restored, nothing needs to be done: tables were matched by name, and the next run may remove what is gone. If not, correct the address of the data source.',
};

export const REMOVALS_HELD = {
  code: 'REMOVALS_HELD',
  remedy:
    'Check that the account of the data source still sees what it should. If the tables were really dropped, look at the changes of this run.',
};

const keptFor = (tables: number, cause: Cause): Kept[] => (tables === 0 ? [] : [{ schema: null, tables, ...cause }]);

const total = (tables: TablesBySchema): number => [...tables.values()].reduce((sum, count) => sum + count, 0);
