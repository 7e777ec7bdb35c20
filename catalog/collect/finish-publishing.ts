import type { PoolClient } from 'pg';
import { type Database, withClient } from '../../db/database.js';
import { type Problem, recordProblems } from '../runs/problems.js';
import { countHeld } from './hold-removals.js';
import { problemsOfListing } from './listing-problems.js';
import { moveOutboxMark } from './merge-page.js';
import { FORMER } from './native-key.js';
import { lockUnit, type PublishedCounts, type PublishingUnit, type UnitKey } from './publishing-unit.js';
import type { Receipt } from './receipt.js';
import { blockedBy, type RemovalPlan, waitingTables } from './removals.js';

/** Counts of one unit: of its tables, but for `problems`. */
export interface FinishedUnit extends PublishedCounts {
  tables: number;
  unchanged: number;
  problems: number;
}

export interface PublishedUnit {
  counts: FinishedUnit;
  /** What was not as it should be, as recorded with the run. */
  problems: Problem[];
}

/**
 * Ends a unit whose pages are all merged: its final counts and status, the problems of its listing, and what the catalog
 * remembers of the database for the next run. Repeatable.
 * @throws RunEnded, DatabaseLeftScope as lockUnit
 */
export async function finishPublishing(database: Database, key: UnitKey): Promise<PublishedUnit> {
  const { crawlerId, ...published } = await withClient(database, async (client, transaction) => {
    const unit = await lockUnit(client, key);
    const former = unit.receipt.serverChanged === undefined ? 0 : await countFormer(client, unit.collectedDatabaseId);
    const problems = problemsOfListing(unit.receipt, unit.receipt.removals, former);
    await recordProblems(transaction, key.runId, key.unit, problems);
    const found = await countProblems(client, key);
    const counts = finalCounts(unit, found.problems);
    if (unit.status === 'publishing') {
      await client.query(
        `UPDATE crawl_unit SET status = $3, counts = $4, ended_at = now() WHERE run_id = $1 AND unit = $2`,
        [key.runId, key.unit, isWhole(unit.receipt) && found.errors === 0 ? 'done' : 'partial', JSON.stringify(counts)],
      );
      await countHeld(client, key.runId, unit.collectedDatabaseId);
      await rememberDatabase(client, key, unit);
    }
    return { counts, problems, crawlerId: unit.crawlerId };
  });
  await catchUpOutboxMark(database, key.runId, crawlerId);
  return published;
}

function isWhole(receipt: Receipt & { removals?: RemovalPlan }): boolean {
  return (
    (receipt.complete || receipt.named === true) &&
    blockedBy(receipt) === undefined &&
    waitingTables(receipt.removals) === 0
  );
}

function finalCounts(unit: PublishingUnit, problems: number): FinishedUnit {
  const { added, changed, removed, restored, held } = unit.counts;
  const { tables } = unit.receipt;
  return {
    tables,
    added,
    changed,
    removed,
    restored,
    unchanged: Math.max(0, tables - added - changed - restored),
    held,
    problems,
  };
}

/** Of tables that were looked for by name nothing follows but how many there are now. */
const COUNT_TABLES = `
  UPDATE collected_database
  SET table_count = (
    SELECT count(*)
    FROM entity
    WHERE collected_database_id = $1 AND kind = 'table' AND removed_at IS NULL
  )
  WHERE id = $1`;

/**
 * Who the server was is remembered even of a partial listing: the keys that were given out are that server's. As whom
 * it was read is remembered of a listing that could decide on removals: until then they are decided against the last
 * such one. The position only goes forward on one server.
 */
async function rememberDatabase(client: PoolClient, key: UnitKey, { receipt, collectedDatabaseId }: PublishingUnit) {
  if (receipt.named === true) {
    await client.query(COUNT_TABLES, [collectedDatabaseId]);
    return;
  }
  await client.query(
    `UPDATE collected_database
     SET server_identity = $2,
         database_identity = $6,
         read_as = CASE WHEN $7 THEN $8 ELSE read_as END,
         privileges = CASE WHEN $7 THEN $9 ELSE privileges END,
         history_position = CASE
           WHEN server_identity = $2 THEN greatest(history_position, $10::numeric)
           ELSE $10::numeric
         END,
         last_run_id = $3,
         last_complete_at = CASE WHEN $4 THEN now() ELSE last_complete_at END,
         full_read_at = CASE WHEN $5 THEN now() ELSE full_read_at END,
         table_count = (
           SELECT count(*)
           FROM entity
           WHERE collected_database_id = $1 AND kind = 'table' AND removed_at IS NULL
         )
     WHERE id = $1`,
    [
      collectedDatabaseId,
      receipt.server,
      key.runId,
      receipt.complete,
      receipt.fullRead,
      receipt.database ?? null,
      blockedBy(receipt) === undefined,
      receipt.as,
      receipt.privileges ?? null,
      receipt.position ?? null,
    ],
  );
}

async function countFormer(client: PoolClient, collectedDatabaseId: string): Promise<number> {
  const { rows } = await client.query<{ tables: number }>(
    `SELECT count(*)::int AS tables
     FROM source_object
     WHERE collected_database_id = $1 AND starts_with(native_key, $2)`,
    [collectedDatabaseId, `${FORMER}table:`],
  );
  return rows[0]?.tables ?? 0;
}

async function countProblems(
  client: PoolClient,
  { runId, unit }: UnitKey,
): Promise<{ problems: number; errors: number }> {
  const { rows } = await client.query<{ problems: number; errors: number }>(
    `SELECT count(*)::int AS problems, count(*) FILTER (WHERE level = 'error')::int AS errors
     FROM crawl_problem
     WHERE run_id = $1 AND unit = $2`,
    [runId, unit],
  );
  return rows[0] ?? { problems: 0, errors: 0 };
}

/** Whoever was killed between a page and its mark left the mark behind; what the crawler has queued tells it. */
export async function catchUpOutboxMark(database: Database, runId: string, crawlerId: string): Promise<void> {
  const { rows } = await database.raw<{ rows: { id: string }[] }>(
    `SELECT id FROM search_outbox WHERE crawler_id = ? ORDER BY id DESC LIMIT 1`,
    [crawlerId],
  );
  if (rows[0] !== undefined) await moveOutboxMark(database, runId, rows[0].id);
}
