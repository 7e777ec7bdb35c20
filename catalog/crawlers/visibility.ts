import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { InvalidInput } from '../model/errors.js';

export interface VisibilityChange {
  /** Databases that are not named keep theirs. */
  databaseVisibilities?: readonly { database: string; visibility: 'tenant' | 'workspace' }[] | undefined;
  /** A person's id. */
  changedBy?: string | undefined;
}

/**
 * Sets who may see databases of a crawler, in the caller's transaction; holds from the next request on. Naming one with
 * the visibility it has makes that its own decision, no longer the workspace's default.
 * @throws InvalidInput when a database is not in the scope or is named twice
 */
export async function setVisibilities(
  transaction: Database,
  crawlerId: string,
  { databaseVisibilities = [], changedBy }: VisibilityChange,
): Promise<void> {
  if (databaseVisibilities.length === 0) return;
  const path = 'databaseVisibilities';
  const named = new Set<string>();
  for (const { database } of databaseVisibilities) {
    if (named.has(database)) throw new InvalidInput([{ path, message: `must not repeat ${database}` }]);
    named.add(database);
  }
  const set = await query<{ name: string }>(
    transaction,
    `UPDATE collected_database d
        SET visibility = v.visibility, visibility_set_by = :changedBy, visibility_set_at = now()
       FROM jsonb_to_recordset(:visibilities::jsonb) AS v (database text, visibility text)
      WHERE d.crawler_id = :crawlerId AND d.name = v.database AND d.retiring_at IS NULL
      RETURNING d.name`,
    { crawlerId, changedBy: changedBy ?? null, visibilities: JSON.stringify(databaseVisibilities) },
  );
  const found = new Set(set.map(({ name }) => name));
  const strange = databaseVisibilities.find(({ database }) => !found.has(database));
  if (strange !== undefined)
    throw new InvalidInput([{ path, message: `names ${strange.database}, which is not in the scope` }]);
}
