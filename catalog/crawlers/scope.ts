import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { InvalidInput } from '../model/errors.js';
import { closeHoldsOfLeaving } from '../removals/close-holds.js';
import { type LeavingDatabase, leavingDatabases } from '../retire/leaving.js';
import { DatabaseTaken, type TakenDatabase } from './errors.js';

const MOST_DATABASES = 10_000;

/** @throws InvalidInput when it is empty, too long, or names a database twice */
export function checkScope(databases: readonly string[]): void {
  const path = 'databases';
  const issues: { path: string; message: string }[] = [];
  if (databases.length === 0) issues.push({ path, message: 'must name at least one database' });
  if (databases.length > MOST_DATABASES)
    issues.push({ path, message: `must name at most ${MOST_DATABASES} databases` });
  if (databases.some((name) => name === '' || name.length > 500 || name.includes('\0')))
    issues.push({ path, message: 'must have names of 1 to 500 characters' });
  const repeated = databases.find((name, place) => databases.indexOf(name) !== place);
  if (repeated !== undefined) issues.push({ path, message: `must not repeat ${repeated}` });
  if (issues.length > 0) throw new InvalidInput(issues);
}

/**
 * Makes databases the crawler's. One that is retired is handed over with its tombstones, which the next run brings back
 * to life under the same ids, with what people wrote of them; who may see it stays as decided, where the workspace is the
 * same. Of two crawlers that ask for one at the same time exactly one gets it: the unique
 * index makes the second wait for the first to commit. Sorted, so that two with several in common cannot lock each
 * other out.
 * @throws DatabaseTaken naming the owners; the transaction is then to be rolled back
 */
export async function takeDatabases(
  transaction: Database,
  crawlerId: string,
  databases: readonly string[],
): Promise<void> {
  if (databases.length === 0) return;
  const taken = await query<{ name: string }>(
    transaction,
    `INSERT INTO collected_database AS d (crawler_id, data_source_id, workspace_id, source_type, instance, name, visibility)
     SELECT c.id, s.id, c.workspace_id, s.type, s.instance, n.name, w.default_visibility
       FROM crawler c
       JOIN data_source s ON s.id = c.data_source_id
       JOIN workspace w ON w.id = c.workspace_id
       CROSS JOIN unnest(:databases::text[]) AS n (name)
      WHERE c.id = :crawlerId
      ORDER BY n.name
     ON CONFLICT (source_type, instance, name) WHERE workspace_id IS NOT NULL DO UPDATE
        SET crawler_id = excluded.crawler_id, data_source_id = excluded.data_source_id,
            workspace_id = excluded.workspace_id,
            visibility = CASE WHEN d.workspace_id = excluded.workspace_id AND d.visibility_set_at IS NOT NULL
                              THEN d.visibility ELSE excluded.visibility END,
            visibility_set_by = CASE WHEN d.workspace_id = excluded.workspace_id THEN d.visibility_set_by END,
            visibility_set_at = CASE WHEN d.workspace_id = excluded.workspace_id THEN d.visibility_set_at END,
            retiring_at = NULL, retired_at = NULL, server_identity = NULL, last_run_id = NULL,
            last_complete_at = NULL, full_read_at = NULL, table_count = NULL
      WHERE d.retired_at IS NOT NULL
     RETURNING d.name`,
    { crawlerId, databases: [...databases] },
  );
  if (taken.length === databases.length) return;
  const got = new Set(taken.map((row) => row.name));
  throw new DatabaseTaken(
    await ownersOf(
      transaction,
      crawlerId,
      databases.filter((name) => !got.has(name)),
    ),
  );
}

async function ownersOf(transaction: Database, crawlerId: string, databases: string[]): Promise<TakenDatabase[]> {
  return query<TakenDatabase>(
    transaction,
    `SELECT d.name, o.id AS "crawlerId", o.name AS "crawlerName", o.workspace_id AS "workspaceId",
            (o.status = 'deleting' OR d.retiring_at IS NOT NULL) AS leaving
       FROM crawler c
       JOIN data_source s ON s.id = c.data_source_id
       JOIN collected_database d ON d.source_type = s.type AND d.instance = s.instance
       JOIN crawler o ON o.id = d.crawler_id
      WHERE c.id = :crawlerId AND d.name = ANY (:databases)
      ORDER BY d.name`,
    { crawlerId, databases },
  );
}

/**
 * Makes the scope exactly these databases. One that is taken out is no longer collected or shown from now on; its
 * entities are retired in the background. One that never was collected goes at once. Putting back one that is being
 * retired keeps what the map still has of it, and the next run brings back the rest.
 * @throws DatabaseTaken
 */
export async function changeScope(
  transaction: Database,
  crawlerId: string,
  databases: readonly string[],
): Promise<LeavingDatabase[]> {
  await query(
    transaction,
    `UPDATE collected_database SET retiring_at = NULL
      WHERE crawler_id = :crawlerId AND retiring_at IS NOT NULL AND name = ANY (:databases)`,
    { crawlerId, databases: [...databases] },
  );
  const known = await query<{ name: string }>(transaction, 'SELECT name FROM collected_database WHERE crawler_id = ?', [
    crawlerId,
  ]);
  const names = new Set(known.map((row) => row.name));
  await takeDatabases(
    transaction,
    crawlerId,
    databases.filter((name) => !names.has(name)),
  );
  const leaving = await leavingDatabases(transaction, crawlerId, databases);
  const ids = leaving.map((row) => row.id);
  await query(transaction, 'UPDATE collected_database SET retiring_at = now() WHERE id = ANY (:ids::bigint[])', {
    ids,
  });
  await closeHoldsOfLeaving(transaction, crawlerId);
  // An open run may be about to write into it, so only one that no run has open goes at once.
  await query(
    transaction,
    `DELETE FROM collected_database d
      WHERE d.id = ANY (:ids::bigint[])
        AND NOT EXISTS (SELECT 1 FROM entity e WHERE e.collected_database_id = d.id)
        AND NOT EXISTS (
              SELECT 1 FROM crawl_run r
               WHERE r.crawler_id = d.crawler_id AND r.status IN ('queued', 'running', 'stopping'))`,
    { ids },
  );
  return leaving;
}
