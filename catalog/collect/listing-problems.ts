import type { Problem } from '../runs/problems.js';
import type { Cause, Receipt } from './receipt.js';
import { REJECTED, REMOVALS_HELD, REPLICA_BEHIND, SERVER_CHANGED, STILL_WAITING } from './removal-causes.js';
import { isHeld, type RemovalPlan } from './removals.js';

/**
 * What a person should know of a listing that was not whole, or was not acted upon: one problem per cause. All are
 * errors, since the map may show what is no longer there, but for what a person chose to keep.
 * @param former tables that were collected from another server and have not been met on this one
 */
export function problemsOfListing(receipt: Receipt, removals: RemovalPlan | undefined, former: number): Problem[] {
  const keptOf = (schema: string | null) =>
    removals?.kept.find((kept) => kept.schema === schema && kept.code !== REJECTED.code)?.tables ?? 0;
  const problems: Problem[] = [];
  if (receipt.serverChanged !== undefined) {
    const these = former === 0 ? '' : `; ${kept(former)}, because this server does not have them`;
    problems.push(error(SERVER_CHANGED, `Nothing was removed: ${SERVER_CHANGED.reason}${these}`));
  }
  if (receipt.incomplete !== undefined) {
    const { incomplete } = receipt;
    const message = `The database could not be listed completely; ${kept(keptOf(null))}: ${incomplete.reason}`;
    problems.push(error(incomplete, message));
  }
  if (receipt.replicaBehind !== undefined) {
    const cause = REPLICA_BEHIND(receipt.replicaBehind.by);
    problems.push(error(cause, `Nothing was removed; ${kept(keptOf(null))}: ${cause.reason}`));
  }
  for (const { schema, ...cause } of receipt.unlistedSchemas) {
    const message = `The schema ${schema} could not be listed; ${kept(keptOf(schema))}: ${cause.reason}`;
    problems.push({ ...error(cause, message), schema });
  }
  return removals === undefined ? problems : [...problems, ...problemsOfHolding(removals)];
}

function problemsOfHolding(removals: RemovalPlan): Problem[] {
  const problems: Problem[] = [];
  if (isHeld(removals)) {
    const { because, held } = removals;
    const said = because.code === REMOVALS_HELD ? because.reason : `Removals are held, because ${because.reason}`;
    problems.push(error(because, `${capital(said)}; ${kept(held.tables)}`));
  } else if (removals.apply && removals.waiting > 0) {
    problems.push(error(STILL_WAITING, `Missing at the source; ${kept(removals.waiting)}: ${STILL_WAITING.reason}`));
  }
  const rejected = removals.kept.find(({ code }) => code === REJECTED.code);
  if (rejected !== undefined) {
    const message = `Missing at the source; ${kept(rejected.tables)}: ${REJECTED.reason}`;
    problems.push({ ...error(REJECTED, message), level: 'warning' });
  }
  return problems;
}

const error = ({ code, remedy }: Cause, message: string): Problem => ({
  level: 'error',
  schema: null,
  name: null,
  code,
  message,
  remedy,
});

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
const kept = (tables: number): string => `kept ${tables} ${tables === 1 ? 'table as it was' : 'tables as they were'}`;
