import type { PoolClient } from 'pg';
import { type Database, withClient } from '../../db/database.js';
import { releaseShown, takeHold } from './hold-removals.js';
import { FORMER } from './native-key.js';
import { lockUnit, type PublishingUnit, type UnitKey } from './publishing-unit.js';
import { keysAreTrusted } from './receipt.js';
import { readRemovalFacts } from './removal-facts.js';
import { blockedBy, decideRemovals, isHeld } from './removals.js';

/**
 * Begins publishing a unit: decides on removals before anything is merged, and keeps the decision with the receipt, so
 * that an attempt that goes on decides nothing anew on a half-merged map. Repeatable.
 * @throws RunEnded, DatabaseLeftScope as lockUnit
 */
export async function beginPublishing(database: Database, key: UnitKey): Promise<PublishingUnit> {
  return withClient(database, (client) => beginPublishingWithin(client, key));
}

/** The same in the caller's transaction. */
export async function beginPublishingWithin(client: PoolClient, key: UnitKey): Promise<PublishingUnit> {
  const unit = await lockUnit(client, key);
  if (unit.status !== 'collected') return unit;
  const { receipt, collectedDatabaseId } = unit;
  await lockMap(client, unit);
  if (!keysAreTrusted(receipt)) await rekey(client, collectedDatabaseId);
  if (receipt.databaseChanged !== undefined) await stageFormerAsMissing(client, key, collectedDatabaseId);
  if (blockedBy(receipt) === undefined && receipt.named === undefined)
    await releaseShown(client, key, collectedDatabaseId);
  const plan = decideRemovals(receipt, await readRemovalFacts(client, key, unit));
  const holdId = isHeld(plan) ? await takeHold(client, key, unit, plan) : undefined;
  const decided = { removals: plan, ...(holdId === undefined ? {} : { holdId }) };
  await client.query(
    `UPDATE crawl_unit SET status = 'publishing', receipt = receipt || $3 WHERE run_id = $1 AND unit = $2`,
    [key.runId, key.unit, JSON.stringify(decided)],
  );
  return { ...unit, status: 'publishing', receipt: { ...receipt, ...decided } };
}

/**
 * The crawler, so that its units decide one after another and each knows what the others remove; and the database, so
 * that nobody takes its tables off the map, or puts them back, while a unit of it publishes.
 */
async function lockMap(client: PoolClient, { crawlerId, collectedDatabaseId }: PublishingUnit): Promise<void> {
  await client.query(`SELECT 1 FROM crawler WHERE id = $1 FOR NO KEY UPDATE`, [crawlerId]);
  await client.query(`SELECT 1 FROM collected_database WHERE id = $1 FOR UPDATE`, [collectedDatabaseId]);
}

/**
 * Takes the keys that another server or database gave away from the objects that have them: the same number may mean
 * any other table here. Objects are matched by guid instead, and get their keys back as they are met.
 */
async function rekey(client: PoolClient, collectedDatabaseId: string): Promise<void> {
  await client.query(
    `UPDATE source_object o
     SET native_key = $2 || e.kind || ':' || e.id
     FROM entity e
     WHERE o.collected_database_id = $1 AND e.id = o.entity_id
       AND e.kind <> 'database' AND NOT starts_with(o.native_key, $2)`,
    [collectedDatabaseId, FORMER],
  );
}

/**
 * The listing of another database tells nothing of keys, but what it does not show by name either is missing: a person
 * is asked about it. Tables before schemas, in pages as a unit's end has them.
 */
async function stageFormerAsMissing(client: PoolClient, key: UnitKey, collectedDatabaseId: string): Promise<void> {
  await client.query(
    `INSERT INTO staged_object (run_id, unit, page, op, kind, native_key)
     SELECT $1, $2, u.pages_staged + 1 + m.number / 5000 + CASE m.kind WHEN 'table' THEN 0 ELSE 1 END, 'missing',
            m.kind, m.native_key
     FROM crawl_unit u
     CROSS JOIN (
       SELECT e.kind, o.native_key, row_number() OVER (ORDER BY e.kind = 'table' DESC, e.id) AS number
       FROM source_object o
       JOIN entity e ON e.id = o.entity_id
       WHERE o.collected_database_id = $3 AND starts_with(o.native_key, $4)
         AND e.guid NOT IN (SELECT s.guid FROM staged_object s WHERE s.run_id = $1 AND s.unit = $2 AND s.op = 'upsert')
     ) m
     WHERE u.run_id = $1 AND u.unit = $2`,
    [key.runId, key.unit, collectedDatabaseId, FORMER],
  );
}
