import type { PoolClient } from 'pg';
import { type Database, withClient } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { Receipt } from '../collect/receipt.js';
import { FencedOut } from '../runs/errors.js';
import { PlanNotOpen, PlanOutdated } from './errors.js';

/** The receipt of a planned unit: that of its collection, and what the listing was. */
export type PlannedReceipt = Receipt & { listing: string };

/** What was planned of a database. */
export interface PlannedUnit {
  planRunId: string;
  unit: number;
  receipt: PlannedReceipt;
  /** Tables that could not be read when it was planned. */
  unread: number;
}

/** Keeps with a collected unit what its listing was. */
export async function rememberListing(
  database: Database,
  at: { runId: string; unit: number; attempt: number },
  listing: string,
): Promise<void> {
  const kept = await query(
    database,
    `UPDATE crawl_unit SET receipt = receipt || jsonb_build_object('listing', :listing::text)
      WHERE run_id = :runId AND unit = :unit AND attempt = :attempt AND status = 'collected'
      RETURNING 1`,
    { ...at, listing },
  );
  if (kept.length === 0) throw new FencedOut(at.runId, at.unit, at.attempt);
}

/** @throws PlanNotOpen when nothing was planned of the database */
export async function plannedUnit(
  database: Database,
  planRunId: string,
  collectedDatabaseId: string,
): Promise<PlannedUnit> {
  const [unit] = await query<PlannedUnit>(
    database,
    `SELECT u.run_id AS "planRunId", u.unit, u.receipt,
            (SELECT count(*)::int FROM crawl_problem p
              WHERE p.run_id = u.run_id AND p.unit = u.unit AND p.object_name IS NOT NULL) AS unread
       FROM crawl_unit u
      WHERE u.run_id = :planRunId AND u.collected_database_id = :collectedDatabaseId AND u.status = 'planned'`,
    { planRunId, collectedDatabaseId },
  );
  if (unit === undefined) throw new PlanNotOpen(undefined);
  return unit;
}

/** The native keys and fingerprints that a unit was planned with, as far as they were read. */
export async function plannedFingerprints(
  database: Database,
  planned: PlannedUnit,
  collectedDatabaseId: string,
): Promise<Map<string, string>> {
  const rows = await query<{ key: string; fingerprint: string }>(
    database,
    `SELECT coalesce(s.native_key, o.native_key) AS key, coalesce(s.fingerprint, o.fingerprint) AS fingerprint
       FROM (SELECT native_key, fingerprint FROM source_object
              WHERE collected_database_id = :collectedDatabaseId AND starts_with(native_key, 'table:')) o
       FULL JOIN (SELECT native_key, fingerprint, op FROM staged_object
                   WHERE run_id = :run AND unit = :unit AND kind = 'table'
                     AND op IN ('upsert', 'touch', 'missing')) s
         ON s.native_key = o.native_key
      WHERE s.op IS DISTINCT FROM 'missing'`,
    { run: planned.planRunId, unit: planned.unit, collectedDatabaseId },
  );
  return new Map(rows.map(({ key, fingerprint }) => [key, fingerprint]));
}

/**
 * Makes what was planned of a database the collection of a unit, which is published from there as any is. All of it or
 * nothing, and only once.
 * @throws FencedOut when a later attempt holds the unit; PlanNotOpen when the plan was settled meanwhile; PlanOutdated
 *   when the map has moved since it was made
 */
export async function takeOver(
  database: Database,
  unit: { runId: string; unit: number; attempt: number; collectedDatabaseId: string; database: string },
  planned: PlannedUnit,
): Promise<void> {
  await withClient(database, async (client) => {
    await holdPlan(client, unit.runId, planned.planRunId);
    if (await mapMoved(client, planned, unit.collectedDatabaseId))
      throw new PlanOutdated(unit.database, 'the map of it was changed since it was planned');
    await client.query(`UPDATE staged_object SET run_id = $3, unit = $4 WHERE run_id = $1 AND unit = $2`, [
      planned.planRunId,
      planned.unit,
      unit.runId,
      unit.unit,
    ]);
    const { rows } = await client.query(
      `UPDATE crawl_unit u
       SET status = 'collected', receipt = p.receipt, pages_staged = p.pages_staged, tables_total = p.tables_total,
           tables_done = p.tables_done
       FROM crawl_unit p
       WHERE u.run_id = $1 AND u.unit = $2 AND u.attempt = $3 AND u.status = 'collecting'
         AND p.run_id = $4 AND p.unit = $5
       RETURNING 1`,
      [unit.runId, unit.unit, unit.attempt, planned.planRunId, planned.unit],
    );
    if (rows.length === 0) throw new FencedOut(unit.runId, unit.unit, unit.attempt);
  });
}

/** The first database that is taken over makes the plan applied, for all of them. */
async function holdPlan(client: PoolClient, runId: string, planRunId: string): Promise<void> {
  const { rows } = await client.query<{ state: string; note: string | null; applied_run_id: string | null }>(
    `SELECT state, note, applied_run_id FROM crawl_plan WHERE run_id = $1 FOR UPDATE`,
    [planRunId],
  );
  const [plan] = rows;
  if (plan?.state === 'applied' && plan.applied_run_id === runId) return;
  if (plan?.state !== 'open') throw new PlanNotOpen(plan?.state, plan?.note ?? null);
  await client.query(
    `UPDATE crawl_plan SET state = 'applied', applied_run_id = $2, settled_at = now() WHERE run_id = $1`,
    [planRunId, runId],
  );
}

/** A later run came to publish the database, in part or whole; or somebody took something of it off the map. */
async function mapMoved(client: PoolClient, planned: PlannedUnit, collectedDatabaseId: string): Promise<boolean> {
  const { rows } = await client.query<{ moved: boolean }>(
    `SELECT EXISTS (
              SELECT 1
              FROM crawl_unit l
              JOIN crawl_run lr ON lr.id = l.run_id
              JOIN crawl_run pr ON pr.id = $1
              WHERE l.collected_database_id = $3 AND lr.crawler_id = pr.crawler_id AND lr.number > pr.number
                AND lr.trigger <> 'plan' AND (l.receipt ? 'removals' OR (lr.trigger = 'revert' AND l.cursor IS NOT NULL))
            ) OR EXISTS (
              SELECT 1
              FROM entity e
              JOIN crawl_unit p ON p.run_id = $1 AND p.unit = $2
              WHERE e.collected_database_id = $3 AND (e.changed_at > p.started_at OR e.removed_at > p.started_at)
            ) AS moved`,
    [planned.planRunId, planned.unit, collectedDatabaseId],
  );
  return rows[0]?.moved === true;
}
