import type { Problem } from '../runs/problems.js';
import type { Receipt } from './receipt.js';
import { isHeld, REMOVALS_HELD, type RemovalPlan, SERVER_CHANGED } from './removals.js';

/**
 * What a person should know of a listing that was not whole, or was not acted upon: one problem per cause. All are
 * errors, since the map may show what is no longer there.
 * @param former tables that were collected from another server and have not been met on this one
 */
export function problemsOfListing(receipt: Receipt, removals: RemovalPlan | undefined, former: number): Problem[] {
  const keptOf = (schema: string | null) => removals?.kept.find((kept) => kept.schema === schema)?.tables ?? 0;
  const problems: Problem[] = [];
  if (receipt.serverChanged !== undefined) {
    problems.push({
      level: 'error',
      schema: null,
      name: null,
      code: SERVER_CHANGED.code,
      message: `Nothing was removed: ${SERVER_CHANGED.reason}${former === 0 ? '' : `; ${kept(former)}, because this server does not have them`}`,
      remedy: SERVER_CHANGED.remedy,
    });
  }
  if (receipt.incomplete !== undefined) {
    const { code, reason, remedy } = receipt.incomplete;
    const message = `The database could not be listed completely; ${kept(keptOf(null))}: ${reason}`;
    problems.push({ level: 'error', schema: null, name: null, code, message, remedy });
  }
  for (const { schema, code, reason, remedy } of receipt.unlistedSchemas) {
    const message = `The schema ${schema} could not be listed; ${kept(keptOf(schema))}: ${reason}`;
    problems.push({ level: 'error', schema, name: null, code, message, remedy });
  }
  if (removals !== undefined && isHeld(removals)) {
    const { tables, of } = removals.held;
    problems.push({
      level: 'error',
      schema: null,
      name: null,
      code: REMOVALS_HELD.code,
      message: `${tables} of ${of} tables are missing at the source, too many to be removed unseen; ${kept(tables)}`,
      remedy: REMOVALS_HELD.remedy,
    });
  }
  return problems;
}

const kept = (tables: number): string => `kept ${tables} ${tables === 1 ? 'table as it was' : 'tables as they were'}`;
