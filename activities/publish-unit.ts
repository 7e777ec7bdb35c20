import { beginPublishing } from '../catalog/collect/begin-publishing.js';
import { finishPublishing } from '../catalog/collect/finish-publishing.js';
import { mergeNextPage } from '../catalog/collect/merge-page.js';
import { RunLogger } from '../catalog/runs/run-logger.js';
import type { UnitCounts, UnitRef } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { unitFailure } from './failures.js';
import { type Liveness, withLiveness } from './liveness.js';

interface PublishCheckpoint {
  rowsMerged: number;
}

/**
 * Makes the activity that merges what a unit staged into the catalog, page by page, and ends the unit. Killed at any
 * point it is simply run again: what is merged is no longer staged.
 */
export function createPublishUnit(context: ActivityContext) {
  return (ref: UnitRef): Promise<UnitCounts> =>
    withLiveness<PublishCheckpoint, UnitCounts>(async (liveness) => {
      const log = new RunLogger(context.database, ref.runId, {
        unit: ref.unit,
        onError: (err) => context.log.warn({ err, ...ref }, 'run log could not be written'),
      });
      try {
        return await publish(context, ref, liveness, log);
      } catch (error) {
        throw unitFailure(error, { signal: liveness.signal, log, step: 'publish', report: context.log, ref });
      } finally {
        await log.close();
      }
    });
}

async function publish(
  { database }: ActivityContext,
  ref: UnitRef,
  { signal, checkpoint }: Liveness<PublishCheckpoint>,
  log: RunLogger,
): Promise<UnitCounts> {
  const started = performance.now();
  await beginPublishing(database, ref);
  let rowsMerged = 0;
  for (;;) {
    signal.throwIfAborted();
    const merged = await mergeNextPage(database, ref);
    if (merged === 0) break;
    rowsMerged += merged;
    checkpoint({ rowsMerged });
  }
  const { counts, problems } = await finishPublishing(database, ref);
  for (const problem of problems) log.warn('publish', problem.message, { code: problem.code, schema: problem.schema });
  log.info('publish', `Published ${counts.tables} tables: ${inWords(counts)}`, {
    ...counts,
    ms: Math.round(performance.now() - started),
  });
  return counts;
}

function inWords({ added, changed, removed, restored, unchanged, held }: UnitCounts): string {
  const parts = Object.entries({ added, changed, restored, removed, held, unchanged });
  return parts
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}
