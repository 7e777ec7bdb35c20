import { rememberListing } from '../catalog/plans/take-over.js';
import { FencedOut } from '../catalog/runs/errors.js';
import type { RunLogger } from '../catalog/runs/run-logger.js';
import { claimUnit, collectedBefore, type UnitClaim } from '../catalog/runs/units.js';
import { resolveConnection } from '../catalog/sources/resolve-connection.js';
import type { CollectedUnit, UnitToCollect } from '../workflows/contract.js';
import { applyPlanned } from './apply-planned.js';
import { type CollectCheckpoint, collectDatabase } from './collect-database.js';
import { collectNamed } from './collect-named.js';
import type { ActivityContext } from './context.js';
import { type Admission, Governor } from './governor.js';
import { digesting, ListingDigest } from './listing-digest.js';
import type { Liveness } from './liveness.js';
import { loggedStep } from './logged-step.js';
import { readHistory } from './read-history.js';

/**
 * Makes the activity that reads one database and stages what changed of it. A later attempt goes on where an earlier
 * one came to, and one that found the run paused, or the source in its quiet hours, returns that it yielded. Never
 * writes how a unit ended: that is the workflow's to know.
 */
export function createCollectUnit(context: ActivityContext) {
  return (ref: UnitToCollect): Promise<CollectedUnit> => {
    const { runId, unit, attemptsBefore = 0 } = ref;
    const step = { step: 'collect', runId, unit, attemptsBefore };
    return loggedStep<CollectCheckpoint, CollectedUnit>(context, step, async (liveness, log) => {
      const governor = await Governor.ofRun(context, runId);
      const quiet = governor.quiet();
      if (quiet !== undefined) {
        log.info('quiet hours', `Reading waits: the source is in its quiet hours until ${quiet.until}`);
        return { tables: 0, changed: 0, yielded: { ...quiet, attempts: liveness.attempt } };
      }
      return governor.admit(liveness.signal, (admission) => collect(context, ref, liveness, admission, log));
    });
  };
}

async function collect(
  context: ActivityContext,
  ref: UnitToCollect,
  { attempt, checkpoint }: Liveness<CollectCheckpoint>,
  { signal, pace, rest }: Admission,
  log: RunLogger,
): Promise<CollectedUnit> {
  const { database } = context;
  const yielded = { reason: 'paused', attempts: attempt } as const;
  let claim: UnitClaim;
  try {
    claim = await claimUnit(database, { runId: ref.runId, unit: ref.unit, attempt, worker: context.worker.id });
  } catch (error) {
    const collected = error instanceof FencedOut ? await collectedBefore(database, ref) : undefined;
    if (collected === undefined) throw error;
    log.info('collect', 'Nothing is left to collect: an earlier attempt read everything and merged it', collected);
    return collected;
  }
  if (claim.paused) return { tables: 0, changed: 0, yielded };
  const resumed = claim.pagesStaged > 0 || claim.cursor !== null;
  if (resumed) log.info('connect', `Goes on after ${claim.pagesStaged} pages`);
  checkpoint({ cursor: claim.cursor, tablesDone: 0 });
  const { type, ...connection } = await resolveConnection(database, context.secretKey, claim.dataSourceId);
  log.addSecrets(Object.values(connection.secrets));
  const connector = await context.loadConnector(type);
  const reader = await connector.openDatabase(connection, claim.database, { signal, pace });
  try {
    const { user, server, version } = reader.identity;
    log.info('connect', `Connected to ${claim.database} as ${user} on server ${server}, version ${version}`);
    const stager = { runId: ref.runId, unit: ref.unit, attempt, resumed, cursor: claim.cursor };
    const collection = { database, reader, claim, stager, log, signal, checkpoint, rest };
    if (claim.trigger === 'apply') return await applyPlanned(collection);
    if (claim.trigger === 'refresh') return await collectNamed(collection);
    const digest = new ListingDigest();
    const { paused, quiet, ...counts } = await collectDatabase(
      claim.trigger === 'plan' ? { ...collection, reader: digesting(reader, digest) } : collection,
    );
    if (quiet !== undefined) {
      log.info('quiet hours', `Reading rests: the source is in its quiet hours until ${quiet.until}`);
      return { ...counts, yielded: { ...quiet, attempts: attempt } };
    }
    if (claim.trigger === 'plan' && !paused) await rememberListing(database, stager, digest.value());
    if (claim.trigger !== 'plan' && !paused) await readHistory(database, reader, claim, ref, signal, log);
    if (paused) log.info('pause', 'Reading rests: the run is paused');
    return paused ? { ...counts, yielded } : counts;
  } finally {
    await reader.close().catch((err) => context.log.warn({ err, ...ref }, 'source connection did not close'));
  }
}
