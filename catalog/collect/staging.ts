import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Knex } from 'knex';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { type Database, withClient } from '../../db/database.js';
import { FencedOut, PagesLost } from '../runs/errors.js';
import { copyChunks, writeFields } from './copy-binary.js';
import { kindOfKey } from './native-key.js';
import type { Receipt } from './receipt.js';
import { keyOfRow, opOfRow, STAGED_COLUMNS, type StagedRow } from './staged-row.js';
import { StagedRows } from './staged-rows.js';

/** Rows a page of narrow operations holds: what publishing merges in one transaction. */
const NARROW_PAGE = 5_000;

/** Who stages: only the attempt that holds the unit may. */
export interface Stager {
  runId: string;
  unit: number;
  attempt: number;
  /** An earlier attempt may have staged rows of the same objects; then they are replaced. */
  resumed: boolean;
  /** The unit's cursor as this attempt found it, and then as each page left it. */
  cursor: string | null;
}

/** One page that was read from the source. */
export interface PageToStage {
  /** As StagedRows makes them. */
  lines: readonly Buffer[];
  /** Native keys of everything the page read, staged or not. */
  readKeys: readonly string[];
  /** The highest native key read so far. */
  cursor: string;
  /** Tables read or found unchanged so far, of how many. */
  tablesDone: number;
  tablesTotal: number;
}

/**
 * Stages one page and moves the unit's cursor in the same transaction, so that neither is ever ahead of the other.
 * @returns whether the run is paused, so that this is the last page for now, and the number under which the page is
 *   staged; none when nothing of it is
 * @param inTransaction written together with the page, e.g. the page's problems
 * @throws FencedOut when a later attempt holds the unit, or the unit has ended; PagesLost when the server lost some
 */
export async function stagePage(
  database: Database,
  stager: Stager,
  page: PageToStage,
  inTransaction?: (transaction: Knex.Transaction) => Promise<void>,
): Promise<{ paused: boolean; page?: number }> {
  const moved = await withClient(database, async (client, transaction) => {
    await commitLazily(client);
    const staged = page.lines.length === 0 ? 0 : 1;
    const { page: number, paused } = await moveUnit(client, stager, page, staged);
    if (stager.resumed) await dropStaged(client, stager, page.readKeys);
    if (staged > 0) await copyLines(client, stager, number, page.lines);
    await inTransaction?.(transaction);
    return { paused, ...(staged > 0 ? { page: number } : {}) };
  });
  stager.cursor = page.cursor;
  return moved;
}

/**
 * Lets a page's commit return before it is on disk. Should the server crash, the last pages and the cursor that went
 * with them are lost together and are done again, since the next page finds the cursor behind and is refused; what ends a
 * unit is committed in full, and with it all before.
 */
export async function commitLazily(client: PoolClient): Promise<void> {
  await client.query('SET LOCAL synchronous_commit = off');
}

/** What ends a unit's collection. */
export interface FinalStage {
  /** The database, its schemas, and estimates that moved. */
  rows: readonly StagedRow[];
  /** Tables that differ, of what was read without pages, as StagedRows makes them. */
  tables?: readonly { nativeKey: string; upsert: Buffer }[];
  /** Native keys that the listing did not show, as `missing` rows. */
  missing: readonly StagedRow[];
  receipt: Receipt;
}

/**
 * Stages the last rows of a unit with its receipt, and with that hands the unit over to publishing.
 * @throws FencedOut as stagePage
 */
export async function stageEnd(database: Database, stager: Stager, end: FinalStage): Promise<void> {
  // Tables before schemas: a schema is removed when no table is left in it, and pages are merged in order.
  const missingTables = end.missing.filter((row) => kindOfKey(keyOfRow(row)) === 'table');
  const missingSchemas = end.missing.filter((row) => kindOfKey(keyOfRow(row)) !== 'table');
  const { tables: read = [] } = end;
  const pages = [
    ...pagesOf(end.rows),
    ...(read.length === 0 ? [] : [read.map(({ upsert }) => upsert)]),
    ...[missingTables, missingSchemas].flatMap(pagesOf),
  ];
  const { tables } = end.receipt;
  await withClient(database, async (client) => {
    const { page: last } = await moveUnit(
      client,
      stager,
      { cursor: null, tablesDone: tables, tablesTotal: tables },
      pages.length,
    );
    if (stager.resumed) await dropEarlierEnd(client, stager, end);
    for (const [index, lines] of pages.entries()) {
      await copyLines(client, stager, last - pages.length + 1 + index, lines);
    }
    await client.query(
      `UPDATE crawl_unit
       SET status = 'collected', receipt = $3
       WHERE run_id = $1 AND unit = $2`,
      [stager.runId, stager.unit, JSON.stringify(end.receipt)],
    );
  });
}

/**
 * Locks the unit, proves that this attempt holds it and that all it staged is there, and moves it on. Returns the number of the last page,
 * and whether the run is paused.
 */
async function moveUnit(
  client: PoolClient,
  { runId, unit, attempt, cursor }: Stager,
  to: { cursor: string | null; tablesDone: number; tablesTotal: number },
  pages: number,
): Promise<{ page: number; paused: boolean }> {
  const { rows } = await client.query<{ page: number; paused: boolean }>(
    `UPDATE crawl_unit
     SET cursor = coalesce($4, cursor), tables_done = $5, tables_total = $6, pages_staged = pages_staged + $7
     WHERE run_id = $1 AND unit = $2 AND attempt = $3 AND status = 'collecting' AND cursor IS NOT DISTINCT FROM $8
     RETURNING pages_staged AS page,
               (SELECT r.paused_at IS NOT NULL FROM crawl_run r WHERE r.id = crawl_unit.run_id) AS paused`,
    [runId, unit, attempt, to.cursor, to.tablesDone, to.tablesTotal, pages, cursor],
  );
  if (rows[0] !== undefined) return rows[0];
  const { rowCount } = await client.query(
    `SELECT FROM crawl_unit WHERE run_id = $1 AND unit = $2 AND attempt = $3 AND status = 'collecting'`,
    [runId, unit, attempt],
  );
  throw rowCount === 0 ? new FencedOut(runId, unit, attempt) : new PagesLost(runId, unit);
}

async function dropStaged(client: PoolClient, { runId, unit }: Stager, nativeKeys: readonly string[]): Promise<void> {
  if (nativeKeys.length === 0) return;
  await client.query(`DELETE FROM staged_object WHERE run_id = $1 AND unit = $2 AND native_key = ANY($3)`, [
    runId,
    unit,
    nativeKeys,
  ]);
}

/** An attempt that ended, but could not tell, staged an end of its own; and what it read may have gone since. */
async function dropEarlierEnd(client: PoolClient, stager: Stager, end: FinalStage): Promise<void> {
  const replaced = [...end.rows.filter((row) => opOfRow(row) === 'upsert'), ...end.missing];
  const read = (end.tables ?? []).map(({ nativeKey }) => nativeKey);
  await dropStaged(client, stager, [...replaced.map(keyOfRow), ...read]);
  await client.query(`DELETE FROM staged_object WHERE run_id = $1 AND unit = $2 AND op IN ('statistics', 'missing')`, [
    stager.runId,
    stager.unit,
  ]);
}

async function copyLines(
  client: PoolClient,
  { runId, unit }: Stager,
  page: number,
  lines: Iterable<Buffer>,
): Promise<void> {
  const copy = client.query(
    copyFrom(`COPY staged_object (run_id, unit, page, ${STAGED_COLUMNS.join(', ')}) FROM STDIN (FORMAT binary)`),
  );
  const before = Buffer.alloc(64);
  const end = writeFields(
    before,
    before.writeInt16BE(3 + STAGED_COLUMNS.length),
    ['uuid', 'integer', 'integer'],
    [runId, unit, page],
  );
  await pipeline(Readable.from(copyChunks(lines, before.subarray(0, end)), { objectMode: false }), copy);
}

function pagesOf(rows: readonly StagedRow[]): Buffer[][] {
  const lines = new StagedRows();
  return Array.from({ length: Math.ceil(rows.length / NARROW_PAGE) }, (_, index) =>
    rows.slice(index * NARROW_PAGE, (index + 1) * NARROW_PAGE).map((row) => lines.add(row)),
  );
}
