import { rememberListing } from '../catalog/plans/take-over.js';
import { RunLogger } from '../catalog/runs/run-logger.js';
import { claimUnit } from '../catalog/runs/units.js';
import { resolveConnection } from '../catalog/sources/resolve-connection.js';
import type { CollectedUnit, UnitToCollect } from '../workflows/contract.js';
import { applyPlanned } from './apply-planned.js';
import { type CollectCheckpoint, collectDatabase } from './collect-database.js';
import type { ActivityContext } from './context.js';
import { unitFailure } from './failures.js';
import { digesting, ListingDigest } from './listing-digest.js';
import { type Liveness, withLiveness } from './liveness.js';

/**
 * Makes the activity that reads one database and stages what changed of it. A later attempt goes on where an earlier
 * one came to, and one that found the run paused returns that it yielded. Never writes how a unit ended: that is the
 * workflow's to know.
 */
export function createCollectUnit(context: ActivityContext) {
  return (ref: UnitToCollect): Promise<CollectedUnit> =>
    withLiveness<CollectCheckpoint, CollectedUnit>(async (liveness) => {
      const log = new RunLogger(context.database, ref.runId, {
        unit: ref.unit,
        onError: (err) => context.log.warn({ err, ...ref }, 'run log could not be written'),
      });
      try {
        return await collect(context, ref, liveness, log);
      } catch (error) {
        throw unitFailure(error, { signal: liveness.signal, log, step: 'collect', report: context.log, ref });
      } finally {
        await log.close();
      }
    });
}

async function collect(
  context: ActivityContext,
  ref: UnitToCollect,
  { signal, attempt: attemptOfStep, checkpoint }: Liveness<CollectCheckpoint>,
  log: RunLogger,
): Promise<CollectedUnit> {
  const { database } = context;
  const attempt = (ref.attemptsBefore ?? 0) + attemptOfStep;
  const yielded = { reason: 'paused', attempts: attempt } as const;
  const claim = await claimUnit(database, { runId: ref.runId, unit: ref.unit, attempt, worker: context.worker.id });
  if (claim.paused) return { tables: 0, changed: 0, yielded };
  const resumed = claim.pagesStaged > 0 || claim.cursor !== null;
  if (resumed) log.info('connect', `Attempt ${attempt} goes on after ${claim.pagesStaged} pages`);
  checkpoint({ cursor: claim.cursor, tablesDone: 0 });
  const { type, ...connection } = await resolveConnection(database, context.secretKey, claim.dataSourceId);
  log.addSecrets(Object.values(connection.secrets));
  const connector = await context.loadConnector(type);
  const reader = await connector.openDatabase(connection, claim.database, { signal });
  try {
    const { user, server, version } = reader.identity;
    log.info('connect', `Connected to ${claim.database} as ${user} on server ${server}, version ${version}`);
    const stager = { runId: ref.runId, unit: ref.unit, attempt, resumed };
    const collection = { database, reader, claim, stager, log, signal, checkpoint };
    if (claim.trigger === 'apply') return await applyPlanned(collection);
    const digest = new ListingDigest();
    const { paused, ...counts } = await collectDatabase(
      claim.trigger === 'plan' ? { ...collection, reader: digesting(reader, digest) } : collection,
    );
    if (claim.trigger === 'plan' && !paused) await rememberListing(database, stager, digest.value());
    if (paused) log.info('pause', 'Reading rests: the run is paused');
    return paused ? { ...counts, yielded } : counts;
  } finally {
    await reader.close().catch((err) => context.log.warn({ err, ...ref }, 'source connection did not close'));
  }
}
