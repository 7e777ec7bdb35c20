import { WARNINGS } from './catalogue-queries.js';
import type { Session } from './session.js';

/** ER_LOCK_WAIT_TIMEOUT and ER_WARN_I_S_SKIPPED_TABLE. */
const CONTENTION = new Set([1205, 1684]);

/**
 * Whether the last statement left rows out because a table was being altered. information_schema then says so in a
 * warning only, and not of which table: such a table would look as if it had no columns, indexes or keys.
 * MySQL 8 reads its dictionary instead and is never asked.
 */
export async function metContention(session: Session): Promise<boolean> {
  if (session.flavour.hasDictionary) return false;
  const warnings = await session.rows(WARNINGS);
  return warnings.some(([, code]) => CONTENTION.has(Number(code)));
}
