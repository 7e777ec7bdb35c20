import type { Cause, Receipt } from './receipt.js';
import { type Bounds, isPast } from './removal-bounds.js';
import {
  ACCOUNT_CHANGED,
  DATABASE_CHANGED,
  EMPTY_LISTING,
  HELD_BEFORE,
  PRIVILEGES_CHANGED,
  REJECTED,
  REPLICA_BEHIND,
  SERVER_CHANGED,
  tooMany,
} from './removal-causes.js';

/** Tables by schema; null for sources without schemas. */
export type TablesBySchema = ReadonlyMap<string | null, number>;

/** Tables of a schema that the listing did not show, by what is known of their removal. */
export interface MissingTables {
  /** Nobody was asked about them. */
  fresh: number;
  /** They wait for a person in the hold that is open, or one approved their removal and it is under way. */
  waiting: number;
  /** Nobody answered in time: they are held again. */
  again: number;
  /** A person chose to keep them. */
  rejected: number;
}

/** What a decision is made from, besides the receipt. */
export interface RemovalFacts {
  /** Tables on the map before this run, by schema. */
  living: TablesBySchema;
  missing: ReadonlyMap<string | null, MissingTables>;
  bounds: Bounds;
  /** Of the crawler as a whole: what this run removed and will remove of other databases, of how many tables. */
  crawler: { bounds: Bounds; removed: number; of: number };
}

/** Tables that stay on the map though the listing did not show them. */
export interface Kept extends Cause {
  /** Null when the cause is not one schema's. */
  schema: string | null;
  tables: number;
}

/** What is done about tables that the catalog knows and the listing did not show. */
export type RemovalPlan =
  /** Tombstones for all outside the schemas that could not be listed, but for those that wait or were rejected. */
  | { apply: true; kept: Kept[]; removing: number; waiting: number }
  /** Nothing is removed and nobody is asked: the next good run decides. */
  | { apply: false; kept: Kept[] }
  | HeldRemovals;

/** Nothing is removed until a person has looked. */
export interface HeldRemovals {
  apply: false;
  kept: Kept[];
  held: { tables: number; of: number };
  because: Cause;
}

export function isHeld(plan: RemovalPlan): plan is HeldRemovals {
  return 'held' in plan;
}

/** Tables that stay until a person decides, whether this run or an earlier one held them. */
export function waitingTables(plan: RemovalPlan | undefined): number {
  if (plan === undefined) return 0;
  if (isHeld(plan)) return plan.held.tables;
  return plan.apply ? plan.waiting : 0;
}

/**
 * Decides on removals from what the receipt proves. An object that was not looked for is never removed. A mass of
 * them, and whatever a listing misses that was made in another way than the last, is held for a person.
 */
export function decideRemovals(receipt: Receipt, facts: RemovalFacts): RemovalPlan {
  const { living, missing } = facts;
  const blocked = blockedBy(receipt);
  if (blocked !== undefined) return { apply: false, kept: keptFor(sum([...missing.values()].map(all)), blocked) };

  const unlisted = new Set(receipt.unlistedSchemas.map(({ schema }) => schema));
  const looked = [...missing].flatMap(([schema, tables]) => (schema !== null && unlisted.has(schema) ? [] : [tables]));
  const kept = [
    ...receipt.unlistedSchemas.flatMap(({ schema, ...cause }) => {
      const tables = missing.get(schema);
      return tables === undefined ? [] : [{ schema, tables: all(tables), ...cause }];
    }),
    ...keptFor(sum(looked.map(({ rejected }) => rejected)), REJECTED),
  ];
  const fresh = sum(looked.map((tables) => tables.fresh));
  const again = sum(looked.map((tables) => tables.again));
  const waiting = sum(looked.map((tables) => tables.waiting));
  const of = total(living);
  const held = { tables: fresh + again + waiting, of };
  const because = fresh + again === 0 ? undefined : holdCause(receipt, { ...facts, held, again });
  if (because !== undefined) return { apply: false, kept, held, because };
  return { apply: true, kept, removing: fresh, waiting };
}

/** What makes a listing unfit to remove anything, and no person's word can mend. */
export function blockedBy({ serverChanged, incomplete, replicaBehind }: Receipt): Cause | undefined {
  if (serverChanged !== undefined) return SERVER_CHANGED;
  if (incomplete !== undefined) return incomplete;
  return replicaBehind === undefined ? undefined : REPLICA_BEHIND(replicaBehind.by);
}

/** Why a person must look at what a complete listing did not show. */
function holdCause(
  receipt: Receipt,
  { held, again, bounds, crawler }: RemovalFacts & { held: HeldRemovals['held']; again: number },
): Cause | undefined {
  const { databaseChanged, accountChanged, privilegesChanged } = receipt;
  if (databaseChanged !== undefined) return DATABASE_CHANGED(databaseChanged.from, receipt.database ?? '');
  if (accountChanged !== undefined) return ACCOUNT_CHANGED(accountChanged.from, receipt.as);
  if (privilegesChanged !== undefined) return PRIVILEGES_CHANGED(receipt.as);
  if (receipt.tables === 0 && receipt.named === undefined) return EMPTY_LISTING(held.of);
  if (isPast(bounds, held.tables, held.of)) return tooMany(`${held.tables} of ${held.of} tables`);
  if (isPast(crawler.bounds, crawler.removed + held.tables, crawler.of))
    return tooMany(`${crawler.removed + held.tables} of ${crawler.of} tables of the crawler`);
  return again > 0 ? HELD_BEFORE : undefined;
}

const keptFor = (tables: number, cause: Cause): Kept[] => (tables === 0 ? [] : [{ schema: null, tables, ...cause }]);
const all = ({ fresh, waiting, again, rejected }: MissingTables): number => fresh + waiting + again + rejected;
const sum = (counts: readonly number[]): number => counts.reduce((before, count) => before + count, 0);
const total = (tables: TablesBySchema): number => sum([...tables.values()]);
