import { z } from 'zod';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { InvalidInput } from '../model/errors.js';

/** Removals past both bounds wait for a person. */
export const removalGuardSchema = z
  .strictObject({
    share: z.number().min(0).max(1).meta({ description: 'Of the tables on the map, from 0 to 1.' }),
    tables: z.int().min(0).max(100_000_000),
  })
  .meta({
    id: 'RemovalGuard',
    description: 'Removals of more than `tables` tables and more than this share of those on the map are held.',
  });
export type RemovalGuard = z.output<typeof removalGuardSchema>;

export interface RemovalGuards {
  /** The crawler's; null for the installation's own. */
  removalGuard?: RemovalGuard | null | undefined;
  /** Of databases in its scope; null for the crawler's. Databases that are not named keep theirs. */
  databaseRemovalGuards?: readonly { database: string; guard: RemovalGuard | null }[] | undefined;
}

/**
 * Sets the bounds past which removals are held, of a crawler and of databases of it, in the caller's transaction. They
 * hold from the next unit that is published.
 * @throws InvalidInput when a database is not in the scope
 */
export async function setRemovalGuards(transaction: Database, crawlerId: string, guards: RemovalGuards): Promise<void> {
  const { removalGuard, databaseRemovalGuards = [] } = guards;
  if (removalGuard !== undefined)
    await query(transaction, 'UPDATE crawler SET removal_guard = :guard WHERE id = :crawlerId', {
      crawlerId,
      guard: removalGuard === null ? null : JSON.stringify(removalGuard),
    });
  if (databaseRemovalGuards.length === 0) return;
  const set = await query<{ name: string }>(
    transaction,
    `UPDATE collected_database d
        SET removal_guard = nullif(g.guard, 'null'::jsonb)
       FROM jsonb_to_recordset(:guards::jsonb) AS g (database text, guard jsonb)
      WHERE d.crawler_id = :crawlerId AND d.name = g.database AND d.retiring_at IS NULL
      RETURNING d.name`,
    { crawlerId, guards: JSON.stringify(databaseRemovalGuards) },
  );
  const found = new Set(set.map(({ name }) => name));
  const strange = databaseRemovalGuards.find(({ database }) => !found.has(database));
  if (strange !== undefined)
    throw new InvalidInput([
      { path: 'databaseRemovalGuards', message: `names ${strange.database}, which is not in the scope` },
    ]);
}
