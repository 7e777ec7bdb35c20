import type { PoolClient } from 'pg';
import { type Database, withClient } from '../../db/database.js';
import { FORMER } from './native-key.js';
import { lockUnit, type PublishingUnit, type UnitKey } from './publishing-unit.js';
import { decideRemovals, type RemovalPlan, type TablesBySchema } from './removals.js';

/**
 * Begins publishing a unit: decides on removals before anything is merged, and keeps the decision with the receipt, so
 * that an attempt that goes on decides nothing anew on a half-merged map. Repeatable.
 * @throws RunEnded, DatabaseLeftScope as lockUnit
 */
export async function beginPublishing(database: Database, key: UnitKey): Promise<PublishingUnit> {
  return withClient(database, async (client) => {
    const unit = await lockUnit(client, key);
    if (unit.status !== 'collected') return unit;
    if (unit.receipt.serverChanged !== undefined) await rekey(client, unit.collectedDatabaseId);
    const removals = await planRemovals(client, key, unit);
    await client.query(
      `UPDATE crawl_unit SET status = 'publishing', receipt = receipt || $3 WHERE run_id = $1 AND unit = $2`,
      [key.runId, key.unit, JSON.stringify({ removals })],
    );
    return { ...unit, status: 'publishing', receipt: { ...unit.receipt, removals } };
  });
}

/**
 * Takes the keys that another server gave away from the objects that have them: the same number may mean any other
 * table here. Objects are matched by guid instead, and get their keys back as they are met.
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

async function planRemovals(client: PoolClient, key: UnitKey, unit: PublishingUnit): Promise<RemovalPlan> {
  const missing = await bySchema(client, MISSING_TABLES, [key.runId, key.unit, unit.collectedDatabaseId]);
  const living = missing.size === 0 ? missing : await bySchema(client, LIVING_TABLES, [unit.collectedDatabaseId]);
  return decideRemovals(unit.receipt, living, missing);
}

/**
 * Tables that would go. One that was dropped and made again under its name is not among them: the new object, which
 * has a key that the catalog does not know, takes its entity over. NOT IN, because it is hashed whatever the planner
 * believes of a staging table.
 */
const MISSING_TABLES = `
  SELECT e.schema_name AS schema, count(*)::int AS tables
  FROM staged_object m
  JOIN source_object o ON o.collected_database_id = $3 AND o.native_key = m.native_key
  JOIN entity e ON e.id = o.entity_id
  WHERE m.run_id = $1 AND m.unit = $2 AND m.op = 'missing' AND m.kind = 'table'
    AND e.guid NOT IN (
      SELECT s.guid
      FROM staged_object s
      WHERE s.run_id = $1 AND s.unit = $2 AND s.op = 'upsert'
        AND NOT EXISTS (
          SELECT 1 FROM source_object k WHERE k.collected_database_id = $3 AND k.native_key = s.native_key
        )
    )
  GROUP BY e.schema_name`;

const LIVING_TABLES = `
  SELECT schema_name AS schema, count(*)::int AS tables
  FROM entity
  WHERE collected_database_id = $1 AND kind = 'table' AND removed_at IS NULL
  GROUP BY schema_name`;

async function bySchema(client: PoolClient, sql: string, values: unknown[]): Promise<TablesBySchema> {
  const { rows } = await client.query<{ schema: string | null; tables: number }>(sql, values);
  return new Map(rows.map(({ schema, tables }) => [schema, tables]));
}
