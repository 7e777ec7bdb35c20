import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { PlanNotOpen } from './errors.js';

export type PlanState = 'open' | 'applied' | 'discarded' | 'outdated';

/**
 * Opens the plan of a run that has tried all its databases, and outdates the crawler's earlier one. Does nothing for
 * a run that was not to plan, or that planned no database. Repeatable.
 */
export async function openPlan(database: Database, runId: string): Promise<void> {
  await database.transaction(async (transaction) => {
    const [plan] = await query<{ crawlerId: string }>(
      transaction,
      `INSERT INTO crawl_plan (run_id, crawler_id)
       SELECT r.id, r.crawler_id
         FROM crawl_run r
        WHERE r.id = :runId AND r.trigger = 'plan' AND r.status IN ('running', 'stopping')
          AND EXISTS (SELECT 1 FROM crawl_unit u WHERE u.run_id = r.id AND u.status = 'planned')
       ON CONFLICT DO NOTHING
       RETURNING crawler_id AS "crawlerId"`,
      { runId },
    );
    if (plan === undefined) return;
    const earlier = await query<{ id: string }>(
      transaction,
      `SELECT run_id AS id FROM crawl_plan WHERE crawler_id = :crawlerId AND run_id <> :runId AND state = 'open'`,
      { crawlerId: plan.crawlerId, runId },
    );
    for (const { id } of earlier) await settlePlan(transaction, id, 'outdated', 'a later plan took its place');
  });
}

/** Outdates the plan that a run was to apply, if it is still open: all that could be told of it is that it has moved. */
export async function outdatePlanOf(database: Database, runId: string): Promise<void> {
  await database.transaction(async (transaction) => {
    const [plan] = await query<{ id: string }>(
      transaction,
      `SELECT p.run_id AS id
         FROM crawl_run r
         JOIN crawl_plan p ON p.run_id = r.of_run_id AND p.state = 'open'
        WHERE r.id = :runId AND r.trigger = 'apply'
          AND EXISTS (
                SELECT 1 FROM crawl_unit u WHERE u.run_id = r.id AND u.error ->> 'code' = 'PLAN_OUTDATED')
          FOR UPDATE OF p`,
      { runId },
    );
    if (plan !== undefined)
      await settlePlan(transaction, plan.id, 'outdated', 'the source or the map moved before it was applied');
  });
}

/**
 * Discards an open plan, with all that it staged.
 * @throws PlanNotOpen
 */
export async function discardPlan(database: Database, runId: string): Promise<void> {
  await database.transaction((transaction) => settlePlan(transaction, runId, 'discarded', null));
}

/** Drops what open plans keep that nobody applied in so many days; returns how many there were. */
export async function dropOldPlans(database: Database, days: number): Promise<number> {
  const old = await query<{ id: string }>(
    database,
    `SELECT run_id AS id
       FROM crawl_plan
      WHERE state = 'open' AND created_at < now() - make_interval(days => :days)`,
    { days },
  );
  for (const { id } of old) {
    await database.transaction(async (transaction) => {
      if (await isOpen(transaction, id))
        await settlePlan(transaction, id, 'outdated', `nobody applied it within ${days} days`);
    });
  }
  await dropLeftovers(database);
  return old.length;
}

/** Of a plan of which only some databases were applied the rest is of no use once that run has ended. */
async function dropLeftovers(database: Database): Promise<void> {
  await query(
    database,
    `DELETE FROM staged_object s
      USING crawl_plan p
      JOIN crawl_run a ON a.id = p.applied_run_id AND a.ended_at IS NOT NULL
      WHERE p.state = 'applied' AND s.run_id = p.run_id`,
  );
}

async function isOpen(transaction: Database, runId: string): Promise<boolean> {
  const rows = await query(transaction, `SELECT 1 FROM crawl_plan WHERE run_id = ? AND state = 'open' FOR UPDATE`, [
    runId,
  ]);
  return rows.length > 0;
}

async function settlePlan(
  transaction: Database,
  runId: string,
  state: 'discarded' | 'outdated',
  note: string | null,
): Promise<void> {
  const settled = await query(
    transaction,
    `UPDATE crawl_plan SET state = :state, note = :note, settled_at = now()
      WHERE run_id = :runId AND state = 'open'
      RETURNING 1`,
    { runId, state, note },
  );
  if (settled.length === 0) {
    const [plan] = await query<{ state: PlanState; note: string | null }>(
      transaction,
      'SELECT state, note FROM crawl_plan WHERE run_id = ?',
      [runId],
    );
    throw new PlanNotOpen(plan?.state, plan?.note);
  }
  await query(transaction, 'DELETE FROM staged_object WHERE run_id = ?', [runId]);
  await query(transaction, 'DELETE FROM plan_change WHERE run_id = ?', [runId]);
}
