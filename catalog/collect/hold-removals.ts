import type { PoolClient } from 'pg';
import type { PublishingUnit, UnitKey } from './publishing-unit.js';
import type { HeldRemovals } from './removals.js';

/** How long a person has to decide. */
const DAYS_TO_DECIDE = 7;

/**
 * Lets go of what was held and a listing shows again, by its key or under its name, or what is off the map by now. A hold
 * that nothing is left of is superseded. To be called with the database locked, and not for a listing that proves nothing.
 */
export async function releaseShown(client: PoolClient, { runId, unit }: UnitKey, databaseId: string): Promise<void> {
  await client.query(
    `UPDATE held_removal_object held
     SET state = CASE WHEN e.removed_at IS NULL THEN 'shown' ELSE 'removed' END
     FROM held_removal h, entity e
     WHERE h.collected_database_id = $3 AND held.held_removal_id = h.id AND held.state = 'held'
       AND e.id = held.entity_id
       AND (
         NOT EXISTS (
           SELECT 1
           FROM source_object o
           JOIN staged_object m ON m.run_id = $1 AND m.unit = $2 AND m.op = 'missing' AND m.native_key = o.native_key
           WHERE o.entity_id = e.id AND o.collected_database_id = $3
         )
         OR e.guid IN (
           SELECT s.guid
           FROM staged_object s
           WHERE s.run_id = $1 AND s.unit = $2 AND s.op = 'upsert'
             AND NOT EXISTS (
               SELECT 1 FROM source_object k WHERE k.collected_database_id = $3 AND k.native_key = s.native_key
             )
         )
       )`,
    [runId, unit, databaseId],
  );
  await client.query(
    `UPDATE held_removal h
     SET status = 'superseded', decided_at = now(), tables = 0
     WHERE h.collected_database_id = $1 AND h.status = 'held'
       AND NOT EXISTS (
         SELECT 1 FROM held_removal_object held WHERE held.held_removal_id = h.id AND held.state = 'held'
       )`,
    [databaseId],
  );
}

/** The hold of the database that is open, whose expiry stays as it is, or a new one. @returns its id */
export async function takeHold(
  client: PoolClient,
  { runId }: UnitKey,
  { crawlerId, collectedDatabaseId }: PublishingUnit,
  { held, because }: HeldRemovals,
): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO held_removal (
       crawler_id, collected_database_id, workspace_id, run_id, last_run_id, cause, tables_of, expires_at
     )
     SELECT d.crawler_id, d.id, d.workspace_id, $3, $3, $4, $5, now() + make_interval(days => $6)
     FROM collected_database d
     WHERE d.id = $2 AND d.crawler_id = $1
     ON CONFLICT (collected_database_id) WHERE status = 'held' DO UPDATE SET tables_of = excluded.tables_of
     RETURNING id`,
    [crawlerId, collectedDatabaseId, runId, JSON.stringify(because), held.of, DAYS_TO_DECIDE],
  );
  return String(rows[0]?.id);
}

/** Puts tables into a hold; those of one that expired move over. */
export async function holdTables(client: PoolClient, holdId: string, entityIds: readonly string[]): Promise<void> {
  if (entityIds.length === 0) return;
  await client.query(
    `UPDATE held_removal_object SET state = 'moved'
     WHERE entity_id = ANY($2::bigint[]) AND state = 'held' AND held_removal_id <> $1`,
    [holdId, entityIds],
  );
  await client.query(
    `INSERT INTO held_removal_object (held_removal_id, entity_id)
     SELECT $1, entity_id
     FROM unnest($2::bigint[]) AS entity_id
     ON CONFLICT (held_removal_id, entity_id) DO UPDATE SET state = 'held'`,
    [holdId, entityIds],
  );
}

/** Writes how many tables a database's open hold has now, and that this run found them missing. */
export async function countHeld(client: PoolClient, runId: string, databaseId: string): Promise<void> {
  await client.query(
    `UPDATE held_removal h
     SET last_run_id = $1,
         tables = (
           SELECT count(*)
           FROM held_removal_object held
           WHERE held.held_removal_id = h.id AND held.state = 'held'
         )
     WHERE h.collected_database_id = $2 AND h.status = 'held'`,
    [runId, databaseId],
  );
}
