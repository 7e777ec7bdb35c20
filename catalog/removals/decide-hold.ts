import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { HoldDecided } from './errors.js';
import type { HeldRemoval } from './held-removal.js';
import { getHold } from './read-holds.js';

/**
 * Records what a person decided. Approved tables leave the map soon after, by the hold's workflow. A rejection can be
 * turned into an approval as long as the tables are missing; asking for the same twice changes nothing.
 * @throws NotFound, HoldDecided
 */
export async function decideHold(
  database: Database,
  id: string,
  decision: { status: 'approved' | 'rejected'; personId: string; note?: string | undefined },
): Promise<HeldRemoval> {
  const changed = await query(
    database,
    `UPDATE held_removal
        SET status = :status, decided_at = now(), decided_by = :personId, note = :note, settled_at = NULL
      WHERE id = :id AND (status = 'held' OR (status = 'rejected' AND :status = 'approved'))
      RETURNING 1`,
    { id, status: decision.status, personId: decision.personId, note: decision.note ?? null },
  );
  const hold = await getHold(database, id);
  if (changed.length === 0 && hold.status !== decision.status) throw new HoldDecided(hold.status);
  return hold;
}
