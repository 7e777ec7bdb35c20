import { type KnownObjects, knownContent, loadKnown } from '../catalog/collect/known-objects.js';
import { lastReading } from '../catalog/collect/last-reading.js';
import { ListingDiff } from '../catalog/collect/listing-diff.js';
import { MergeAhead } from '../catalog/collect/merge-ahead.js';
import { tableKey } from '../catalog/collect/native-key.js';
import { keysAreTrusted, openReceipt, type Receipt } from '../catalog/collect/receipt.js';
import {
  fingerprintOfRow,
  keyOfRow,
  missingObject,
  type StagedRow,
  statisticsOfTable,
  upsertOfDatabase,
  upsertOfSchema,
} from '../catalog/collect/staged-row.js';
import { type Stager, stageEnd, stagePage } from '../catalog/collect/staging.js';
import { type Problem, recordProblems } from '../catalog/runs/problems.js';
import type { RunLogger } from '../catalog/runs/run-logger.js';
import type { UnitClaim } from '../catalog/runs/units.js';
import type { DatabaseDescription, DatabaseReader, ObjectProblem } from '../connectors/contract.js';
import type { Database } from '../db/database.js';
import { type DigestedPage, type DigestedTable, readDigested } from './digest-page.js';
import type { Admission } from './governor.js';
import { readAhead } from './read-ahead.js';

/** Fingerprints are false alarms at worst; should one ever miss a change, it is seen after this long. */
const FULL_READ_EVERY_MS = 7 * 24 * 60 * 60 * 1_000;

export interface CollectCheckpoint {
  cursor: string | null;
  tablesDone: number;
}

export interface CollectionOfDatabase {
  database: Database;
  reader: DatabaseReader;
  claim: UnitClaim;
  stager: Stager;
  log: RunLogger;
  signal: AbortSignal;
  checkpoint(progress: CollectCheckpoint): void;
  /** Asked after each page whether the source is to be left alone now. */
  rest: Admission['rest'];
}

interface Broken {
  /** The run is paused. */
  paused: boolean;
  /** The source is in its quiet hours. */
  quiet?: ReturnType<Admission['rest']>;
}

/**
 * Lists a database, reads what may have changed, and stages what has; ends with the receipt. A run that is paused
 * meanwhile, or a source that is to be left alone, ends it earlier, without one.
 */
export async function collectDatabase(
  collection: CollectionOfDatabase,
): Promise<{ tables: number; changed: number } & Broken> {
  const { reader, claim, log } = collection;
  const last = await lastReading(collection.database, claim.collectedDatabaseId);
  const description = await reader.describe();
  const receipt = openReceipt({
    identity: reader.identity,
    description,
    // Nothing can be behind a first reading.
    position: last.position === null ? undefined : await reader.position?.(),
    last,
    fullRead: isFullReadDue(claim),
  });
  if (!keysAreTrusted(receipt)) {
    const what = receipt.serverChanged === undefined ? 'database' : 'server';
    log.warn('connect', `The ${what} is another one than last time; tables are matched by name and nothing is removed`);
  }
  const known = await loadKnown(collection.database, {
    ...collection.stager,
    collectedDatabaseId: claim.collectedDatabaseId,
    trusted: keysAreTrusted(receipt),
  });
  const ahead = mayMergeAhead(collection, known, receipt)
    ? new MergeAhead(collection.database, { ...collection.stager, ...claim })
    : undefined;
  try {
    const containers = changedContainers(claim, description, known);
    const unread = ahead === undefined ? undefined : reader.listUnread?.();
    const diff = await list(collection, unread ?? reader.list(), known, receipt);
    const { changed, ...broken } = await readChanged(collection, diff, receipt, ahead, unread !== undefined);
    if (!broken.paused && broken.quiet === undefined) {
      await end(collection, diff, containers, receipt);
      await finishAhead(ahead, log);
    }
    return { tables: receipt.tables, changed, ...broken };
  } finally {
    await ahead?.abandon();
  }
}

/** Of a database that the catalog knows nothing of, so that nothing is removed, and no keys are another server's. */
function mayMergeAhead({ claim, stager }: CollectionOfDatabase, known: KnownObjects, receipt: Receipt): boolean {
  return known.size === 0 && keysAreTrusted(receipt) && !stager.resumed && claim.trigger !== 'plan';
}

async function finishAhead(ahead: MergeAhead | undefined, log: RunLogger): Promise<void> {
  const failure = await ahead?.finish();
  if (failure === undefined) return;
  const why = failure.cause instanceof Error ? failure.cause.message : String(failure.cause);
  log.info('publish', `Nothing was merged ahead, since ${why}; all of it is merged now`);
}

function isFullReadDue({ fullReadAt, lastServerIdentity }: UnitClaim): boolean {
  return lastServerIdentity === null || fullReadAt === null || fullReadAt.getTime() < Date.now() - FULL_READ_EVERY_MS;
}

function changedContainers(claim: UnitClaim, description: DatabaseDescription, known: KnownObjects): StagedRow[] {
  const rows = [
    upsertOfDatabase(claim, description),
    ...description.schemas.map((schema) => upsertOfSchema(claim, schema)),
  ];
  return rows.filter((row) => known.take(keyOfRow(row))?.fingerprint !== fingerprintOfRow(row));
}

async function list(
  { claim, signal, log }: CollectionOfDatabase,
  listing: ReturnType<DatabaseReader['list']>,
  known: KnownObjects,
  receipt: Receipt,
): Promise<ListingDiff> {
  const started = performance.now();
  const diff = new ListingDiff(known, {
    distrustFingerprints: receipt.fullRead,
    readUpTo: claim.cursor ?? undefined,
  });
  for await (const heads of listing) {
    signal.throwIfAborted();
    for (const { key, fingerprint, rows, bytes } of heads) {
      diff.see({ nativeKey: tableKey(key), fingerprint, rows, bytes });
    }
  }
  diff.sortToRead();
  receipt.tables = diff.listed;
  log.info('list', `Listed ${diff.listed} tables in ${Math.round(performance.now() - started)} ms`, {
    tables: diff.listed,
    toRead: diff.toRead.length,
    fullRead: receipt.fullRead,
  });
  return diff;
}

/**
 * Two pages are in work at a time: one is read at the source and digested as it arrives, the one before is staged. They
 * are staged one after the other. Returns how many tables were staged as changed, and why it broke off if it did.
 */
async function readChanged(
  collection: CollectionOfDatabase,
  diff: ListingDiff,
  receipt: Receipt,
  ahead: MergeAhead | undefined,
  unread: boolean,
): Promise<{ changed: number } & Broken> {
  const { reader, claim, signal, rest } = collection;
  const progress = { cursor: claim.cursor ?? '', tablesDone: diff.listed - diff.toRead.length };
  let changed = 0;
  let staging = Promise.resolve({ paused: false });
  try {
    for await (const page of readAhead(diff.toRead, (listed) => readDigested(reader, claim, listed, { unread }))) {
      signal.throwIfAborted();
      const changes = await changesOf(collection, page, keysAreTrusted(receipt));
      const { paused } = await staging;
      const quiet = paused ? undefined : rest();
      if (paused || quiet !== undefined) return { changed, paused, ...(quiet === undefined ? {} : { quiet }) };
      signal.throwIfAborted();
      const last = page.readKeys.at(-1) ?? '';
      if (last > progress.cursor) progress.cursor = last;
      progress.tablesDone += page.readKeys.length;
      changed += changes.upserts.length;
      staging = stageRead(collection, page, changes, { ...progress, tablesTotal: diff.listed }).then((staged) => {
        if (staged.page !== undefined) ahead?.add(staged.page);
        return staged;
      });
      // It may fail while the next page is waited for; the next look at it still hears of it.
      staging.catch(() => undefined);
    }
    return { changed, paused: (await staging).paused };
  } finally {
    await staging.catch(() => undefined);
  }
}

/** Stages one page that was read, and tells of it once it is committed. */
async function stageRead(
  { database, stager, log, checkpoint }: CollectionOfDatabase,
  page: DigestedPage,
  { upserts, touches }: { upserts: readonly DigestedTable[]; touches: readonly Buffer[] },
  progress: CollectCheckpoint & { cursor: string; tablesTotal: number },
): ReturnType<typeof stagePage> {
  const { cursor, tablesDone, tablesTotal } = progress;
  const lines = [...upserts.map(({ upsert }) => upsert), ...touches];
  const toStage = { lines, readKeys: page.readKeys, ...progress };
  const staged = await stagePage(database, stager, toStage, (transaction) =>
    recordProblems(transaction, stager.runId, stager.unit, page.problems.map(missed)),
  );
  checkpoint({ cursor, tablesDone });
  log.info('read', `Read ${page.readKeys.length} tables, ${upserts.length} of them changed`, {
    tablesDone,
    tablesTotal,
    ...(page.gone.length === 0 ? {} : { goneMeanwhile: page.gone.length }),
  });
  for (const { schema, name, code, message } of page.problems) {
    log.warn('read', `${schema === null ? '' : `${schema}.`}${name}: ${message}`, { code });
  }
  return staged;
}

/** An object that was not read whole is an error: the run is partial until it is. */
export const missed = (problem: ObjectProblem): Problem => ({ ...problem, level: 'error' });

/** What of a page is to be staged: content that differs, and new fingerprints of content that does not. */
export async function changesOf(
  { database, claim }: CollectionOfDatabase,
  { tables, knownKeys }: DigestedPage,
  trusted: boolean,
): Promise<{ upserts: DigestedTable[]; touches: Buffer[] }> {
  const contents = await knownContent(database, claim.collectedDatabaseId, trusted ? knownKeys : []);
  const changes: { upserts: DigestedTable[]; touches: Buffer[] } = { upserts: [], touches: [] };
  for (const table of tables) {
    const before = contents.get(table.nativeKey);
    if (before?.hash !== table.hash) changes.upserts.push(table);
    else if (before.fingerprint !== table.fingerprint && table.touch !== undefined) changes.touches.push(table.touch);
  }
  return changes;
}

async function end(
  { database, reader, stager, log }: CollectionOfDatabase,
  diff: ListingDiff,
  containers: readonly StagedRow[],
  receipt: Receipt,
): Promise<void> {
  const position = await reader.position?.();
  if (position !== undefined) receipt.position = position.at;
  receipt.queries = reader.queries();
  const missing = diff.missing().map(missingObject);
  await stageEnd(database, stager, {
    rows: [...containers, ...diff.statistics.map(statisticsOfTable)],
    missing,
    receipt,
  });
  log.info('read', `Collected ${receipt.tables} tables in ${receipt.queries} queries`, {
    tables: receipt.tables,
    missing: missing.length,
    statistics: diff.statistics.length,
    complete: receipt.complete,
  });
}
