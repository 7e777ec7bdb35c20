import { tableKey } from '../catalog/collect/native-key.js';
import { PlanNotOpen, PlanOutdated } from '../catalog/plans/errors.js';
import { plannedFingerprints, plannedUnit, takeOver } from '../catalog/plans/take-over.js';
import type { CollectionOfDatabase } from './collect-database.js';
import { digesting, ListingDigest } from './listing-digest.js';

/**
 * Collects a database by taking over what was planned of it, after listing the source again: what was planned is
 * published only where nothing has moved since.
 * @throws PlanOutdated, PlanNotOpen, FencedOut
 */
export async function applyPlanned(collection: CollectionOfDatabase): Promise<{ tables: number; changed: number }> {
  const { database, reader, claim, stager, log, signal } = collection;
  if (claim.ofRunId === null) throw new PlanNotOpen(undefined);
  const planned = await plannedUnit(database, claim.ofRunId, claim.collectedDatabaseId);
  const digest = new ListingDigest();
  const listed = new Map<string, string>();
  const digested = digesting(reader, digest, (key, fingerprint) => listed.set(tableKey(key), fingerprint));
  await digested.describe();
  for await (const _ of digested.list()) signal.throwIfAborted();
  if (digest.value() !== planned.receipt.listing) {
    const fingerprints = await plannedFingerprints(database, planned, claim.collectedDatabaseId);
    throw new PlanOutdated(claim.database, inWords(countMoved(fingerprints, listed) - planned.unread));
  }
  await takeOver(
    database,
    { ...stager, collectedDatabaseId: claim.collectedDatabaseId, database: claim.database },
    planned,
  );
  log.info('list', `Listed ${listed.size} tables: the source is as it was planned`, { tables: listed.size });
  return { tables: listed.size, changed: 0 };
}

/** Tables that came, went, or have another fingerprint. */
function countMoved(planned: ReadonlyMap<string, string>, listed: ReadonlyMap<string, string>): number {
  let moved = 0;
  for (const [key, fingerprint] of listed) if (planned.get(key) !== fingerprint) moved += 1;
  for (const key of planned.keys()) if (!listed.has(key)) moved += 1;
  return moved;
}

function inWords(moved: number): string {
  if (moved <= 0) return 'the source was changed since it was planned, though none of its tables';
  return `${moved} ${moved === 1 ? 'table' : 'tables'} of the source moved since it was planned`;
}
