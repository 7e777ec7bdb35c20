import type { PoolClient } from 'pg';
import { type Database, withClient } from '../../db/database.js';
import { moveOutboxMark } from '../collect/merge-page.js';
import type { Change } from '../collect/merge-upserts.js';
import { FORMER } from '../collect/native-key.js';
import { BURY, DISPLACE, ENQUEUE_FOR_SEARCH, RECORD_CHANGES } from '../collect/publish-sql.js';
import type { UnitKey } from '../collect/publishing-unit.js';
import { tellOfTables } from '../events/tell-of-tables.js';
import { placesOf } from '../model/guid.js';
import { recordProblems } from '../runs/problems.js';
import { type Obstacle, problemOf } from './problems-of-revert.js';
import { BRING_BACK, FORGET_CONTENT, HOLDERS, KEEP_PRESENT, NEXT_CHANGES, PASSES, RESTORE } from './revert-sql.js';
import { lockRevertingUnit, type RevertingUnit } from './revert-unit.js';

const BATCH = 1_000;

/** Something that the reverted run did to an entity, and the entity as it is now. */
export interface ToRevert {
  id: string;
  change: 'added' | 'changed' | 'removed' | 'restored';
  fromVersion: number | null;
  toVersion: number | null;
  version: number;
  kind: string;
  schema: string | null;
  name: string;
  guid: string;
  /** Of the version to go back to; null where content stays. */
  formerGuid: string | null;
  obstacle: Obstacle | null;
  /** A schema with tables on the map. */
  inUse: boolean;
}

/**
 * Takes back the next thousand changes of a unit's database in one transaction, with its place in it: whoever is killed
 * leaves whole batches behind.
 * @returns entities that went back; undefined when there is nothing left
 * @throws RunEnded, DatabaseLeftScope
 */
export async function revertNextBatch(database: Database, key: UnitKey): Promise<number | undefined> {
  const done = await withClient(database, async (client, transaction) => {
    const unit = await lockRevertingUnit(client, key);
    const { pass, after } = unit.at;
    if (pass >= PASSES.length || unit.status === 'done' || unit.status === 'partial') return undefined;
    const { rows } = await client.query<ToRevert>(NEXT_CHANGES(pass), [
      unit.ofRunId,
      unit.collectedDatabaseId,
      after,
      BATCH,
      key.runId,
    ]);
    const settled = await settleNames(client, unit, rows);
    const free = settled.filter(({ obstacle }) => obstacle === null);
    const changes = await takeBack(client, key.runId, pass, free);
    const problems = settled.flatMap((row) => (row.obstacle === null ? [] : [problemOf(row, row.obstacle)]));
    await recordProblems(transaction, key.runId, key.unit, problems);
    const mark = await record(client, key.runId, unit, changes);
    const last = rows.at(-1);
    await client.query(
      `UPDATE crawl_unit
       SET status = 'publishing', started_at = coalesce(started_at, now()), cursor = $3, counts = $4,
           tables_done = tables_done + $5
       WHERE run_id = $1 AND unit = $2`,
      [
        key.runId,
        key.unit,
        rows.length < BATCH || last === undefined ? `${pass + 1}:0` : `${pass}:${last.id}`,
        JSON.stringify(counted(unit, changes)),
        rows.filter(({ kind }) => kind === 'table').length,
      ],
    );
    return { entities: changes.length, mark };
  });
  if (done?.mark != null) await moveOutboxMark(database, key.runId, done.mark);
  return done?.entities;
}

/** A name that another entity has by now is not taken from it, unless that one is about to go back itself. */
async function settleNames(
  client: PoolClient,
  { ofRunId }: RevertingUnit,
  rows: readonly ToRevert[],
): Promise<ToRevert[]> {
  const wanted = rows.filter(
    ({ obstacle, change }) => obstacle === null && (change === 'changed' || change === 'removed'),
  );
  if (wanted.length === 0)
    return rows.map((row) => (row.inUse && isNew(row) ? { ...row, obstacle: row.obstacle ?? 'IN_USE' } : row));
  const guids = wanted.map(guidWanted);
  const { rows: holders } = await client.query<{ id: string; guid: string; yields: boolean }>(HOLDERS, [
    guids,
    ofRunId,
  ]);
  const holderOf = new Map(holders.map((holder) => [holder.guid, holder]));
  const claimed = new Set<string>();
  const displaced: string[] = [];
  const settled = rows.map((row): ToRevert => {
    if (!wanted.includes(row)) return row;
    const guid = guidWanted(row);
    const holder = holderOf.get(guid);
    const taken = holder !== undefined && holder.id !== row.id && !holder.yields;
    if (taken || claimed.has(guid)) return { ...row, obstacle: 'NAME_TAKEN' };
    claimed.add(guid);
    if (holder !== undefined && holder.id !== row.id) displaced.push(holder.id);
    return row;
  });
  if (displaced.length > 0) await client.query(DISPLACE, [displaced]);
  return settled;
}

const guidWanted = ({ formerGuid, guid }: ToRevert): string => formerGuid ?? guid;
const isNew = ({ change }: ToRevert): boolean => change === 'added' || change === 'restored';

async function takeBack(client: PoolClient, runId: string, pass: number, rows: readonly ToRevert[]): Promise<Change[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  if (pass < 2) await client.query(BURY, [runId, ids]);
  if (pass === 3) await client.query(RESTORE, [ids, FORMER]);
  const withContent = rows.filter(({ formerGuid }) => formerGuid !== null);
  if (withContent.length > 0) {
    const contentIds = withContent.map(({ id }) => id);
    const places = withContent.map(({ formerGuid }) => placesOf(formerGuid ?? ''));
    await client.query(KEEP_PRESENT, [contentIds]);
    await client.query(BRING_BACK, [
      runId,
      contentIds,
      withContent.map(({ fromVersion }) => fromVersion),
      places.map(({ schema }) => schema),
      places.map(({ name }) => name),
    ]);
    await client.query(FORGET_CONTENT, [contentIds]);
  }
  return rows.map(({ id, kind, version, formerGuid }): Change => {
    const change = pass < 2 ? 'removed' : pass === 2 ? 'changed' : 'restored';
    const now = version + (formerGuid === null ? 0 : 1);
    return { entityId: id, kind, change, fromVersion: version, toVersion: pass < 2 ? null : now };
  });
}

async function record(
  client: PoolClient,
  runId: string,
  { crawlerId, collectedDatabaseId }: RevertingUnit,
  changes: readonly Change[],
): Promise<string | null> {
  if (changes.length === 0) return null;
  const ids = changes.map(({ entityId }) => entityId);
  await client.query(RECORD_CHANGES, [
    runId,
    ids,
    changes.map(({ change }) => change),
    changes.map(({ fromVersion }) => fromVersion),
    changes.map(({ toVersion }) => toVersion),
  ]);
  await tellOfTables(client, collectedDatabaseId, { crawlerId, runId }, changes);
  const { rows } = await client.query<{ mark: string }>(ENQUEUE_FOR_SEARCH, [crawlerId, ids]);
  return rows[0]?.mark ?? null;
}

function counted({ counts: before }: RevertingUnit, changes: readonly Change[]) {
  const counts = { ...before };
  for (const { kind, change } of changes) if (kind === 'table') counts[change] += 1;
  return { ...counts, tables: counts.changed + counts.removed + counts.restored };
}
