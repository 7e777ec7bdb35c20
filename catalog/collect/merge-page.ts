import type { PoolClient } from 'pg';
import { type Database, withClient } from '../../db/database.js';
import { tellOfTables } from '../events/tell-of-tables.js';
import { applyRemovals } from './apply-removals.js';
import { type MergedPage, mergeUpserts, type PageRef } from './merge-upserts.js';
import { DELETE_PAGES, MOVE_STATISTICS, NEXT_PAGE, TOUCH } from './publish-sql.js';
import { lockUnit, type PublishingUnit, type UnitKey } from './publishing-unit.js';
import { countChanges, recordChanges } from './record-changes.js';
import { commitLazily } from './staging.js';

/**
 * Merges the next staged page of a unit into the catalog: entities, versions, keys, changes of the run, search outbox,
 * and the page's own removal from staging, in one transaction. Whoever is killed leaves whole pages behind.
 * @returns rows merged; 0 when no page is left
 * @throws RunEnded, DatabaseLeftScope as lockUnit
 */
export async function mergeNextPage(database: Database, key: UnitKey): Promise<number> {
  const merged = await withClient(database, async (client) => {
    await commitLazily(client);
    const unit = await lockUnit(client, key);
    const { rows } = await client.query<{ page: number; op: string; rows: number }>(NEXT_PAGE, [key.runId, key.unit]);
    const [first] = rows;
    if (first === undefined) return { rows: 0, mark: null };
    const ref = { ...key, page: first.page, collectedDatabaseId: unit.collectedDatabaseId };
    const mark = await mergePage(client, ref, unit, new Set(rows.map(({ op }) => op)));
    return { rows: rows.reduce((sum, { rows: some }) => sum + some, 0), mark };
  });
  if (merged.mark !== null) await moveOutboxMark(database, key.runId, merged.mark);
  return merged.rows;
}

async function mergePage(
  client: PoolClient,
  ref: PageRef,
  unit: PublishingUnit,
  ops: ReadonlySet<string>,
): Promise<string | null> {
  const page = [ref.runId, ref.unit, ref.page];
  const none: MergedPage = { changes: [], forSearch: [] };
  const upserts = ops.has('upsert') ? await mergeUpserts(client, ref) : none;
  if (ops.has('touch')) await client.query(TOUCH, [...page, ref.collectedDatabaseId]);
  if (ops.has('statistics')) await client.query(MOVE_STATISTICS, [...page, ref.collectedDatabaseId]);
  const removals = ops.has('missing') ? await applyRemovals(client, ref, unit) : none;
  const changes = [...upserts.changes, ...removals.changes];
  const by = { crawlerId: unit.crawlerId, runId: ref.runId };
  const mark = await recordChanges(client, by, { changes, forSearch: [...upserts.forSearch, ...removals.forSearch] });
  await tellOfTables(client, ref.collectedDatabaseId, by, changes);
  await client.query(DELETE_PAGES, [ref.runId, ref.unit, [ref.page]]);
  await client.query(`UPDATE crawl_unit SET counts = $3 WHERE run_id = $1 AND unit = $2`, [
    ref.runId,
    ref.unit,
    JSON.stringify(countChanges(unit.counts, changes)),
  ]);
  return mark;
}

/**
 * Tells up to which outbox entry search must come for a run to be found. Not in the transaction of a page: lanes of one
 * run would wait for each other there, and whoever ends the run holds its row while waiting for the units.
 */
export async function moveOutboxMark(database: Database, runId: string, mark: string): Promise<void> {
  await database.raw(
    `WITH lazily AS (SELECT set_config('synchronous_commit', 'off', true))
     UPDATE crawl_run
     SET outbox_mark = greatest(outbox_mark, CAST(? AS bigint))
     FROM lazily
     WHERE id = ? AND (outbox_mark IS NULL OR outbox_mark < CAST(? AS bigint))`,
    [mark, runId, mark],
  );
}
