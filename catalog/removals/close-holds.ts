import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/**
 * Closes the open holds of a crawler's databases that leave its scope: what was missing of them goes with all the rest,
 * so there is nothing left to decide. Should one come back to the scope, the next run that misses the tables holds them
 * anew. Repeatable.
 */
export async function closeHoldsOfLeaving(database: Database, crawlerId: string): Promise<void> {
  await query(
    database,
    `UPDATE held_removal h
        SET status = 'superseded', decided_at = now(), note = 'The database left the scope of its crawler'
       FROM collected_database d
      WHERE d.crawler_id = :crawlerId AND d.retiring_at IS NOT NULL
        AND h.collected_database_id = d.id AND h.status = 'held'`,
    { crawlerId },
  );
}
