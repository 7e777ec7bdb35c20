import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { InvalidInput } from '../model/errors.js';

export type Visibility = 'tenant' | 'workspace';

/** A database that others may see than did before. */
export interface ChangedVisibility {
  databaseId: string;
  database: string;
  from: Visibility;
  to: Visibility;
}

export interface VisibilityChange {
  /** Databases that are not named keep theirs. */
  databaseVisibilities?: readonly { database: string; visibility: Visibility }[] | undefined;
  /** A person's id. */
  changedBy?: string | undefined;
  /** Keeps a record of what changed, in the transaction that changes it. Not called where nothing did. */
  recordVisibilities?(transaction: Database, changed: readonly ChangedVisibility[]): Promise<void>;
}

/**
 * Sets who may see databases of a crawler, in the caller's transaction; holds from the next request on. Naming one with
 * the visibility it has makes that its own decision, no longer the workspace's default.
 * @throws InvalidInput when a database is not in the scope or is named twice
 */
export async function setVisibilities(
  transaction: Database,
  crawlerId: string,
  { databaseVisibilities = [], changedBy, recordVisibilities }: VisibilityChange,
): Promise<void> {
  if (databaseVisibilities.length === 0) return;
  const path = 'databaseVisibilities';
  const named = new Set<string>();
  for (const { database } of databaseVisibilities) {
    if (named.has(database)) throw new InvalidInput([{ path, message: `must not repeat ${database}` }]);
    named.add(database);
  }
  const set = await query<ChangedVisibility>(
    transaction,
    `UPDATE collected_database d
        SET visibility = v.visibility, visibility_set_by = :changedBy, visibility_set_at = now()
       FROM jsonb_to_recordset(:visibilities::jsonb) AS v (database text, visibility text)
       JOIN collected_database former
         ON former.crawler_id = :crawlerId AND former.name = v.database AND former.retiring_at IS NULL
      WHERE d.id = former.id
      RETURNING d.id AS "databaseId", d.name AS database, former.visibility AS "from", d.visibility AS "to"`,
    { crawlerId, changedBy: changedBy ?? null, visibilities: JSON.stringify(databaseVisibilities) },
  );
  const found = new Set(set.map(({ database }) => database));
  const strange = databaseVisibilities.find(({ database }) => !found.has(database));
  if (strange !== undefined)
    throw new InvalidInput([{ path, message: `names ${strange.database}, which is not in the scope` }]);
  const changed = set.filter(({ from, to }) => from !== to);
  if (changed.length > 0) await recordVisibilities?.(transaction, changed);
}
