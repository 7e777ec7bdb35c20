import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** What changes facts of events and draws their edges does so one after the other, in one transaction each. */
const TURN = 7_321;

/** Does it unless somebody else is at it: undefined then. */
export function inTurn<T>(database: Database, work: (transaction: Database) => Promise<T>): Promise<T | undefined> {
  return database.transaction(async (transaction) => {
    const [turn] = await query<{ taken: boolean }>(transaction, 'SELECT pg_try_advisory_xact_lock(?) AS taken', [TURN]);
    return turn?.taken === true ? work(transaction) : undefined;
  });
}
