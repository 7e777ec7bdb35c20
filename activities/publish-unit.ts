import { beginPublishing } from '../catalog/collect/begin-publishing.js';
import { finishPublishing } from '../catalog/collect/finish-publishing.js';
import { mergeNextPage } from '../catalog/collect/merge-page.js';
import type { RunLogger } from '../catalog/runs/run-logger.js';
import type { UnitCounts, UnitRef } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import type { Liveness } from './liveness.js';
import { loggedStep } from './logged-step.js';

interface PublishCheckpoint {
  rowsMerged: number;
}

/**
 * Makes the activity that merges what a unit staged into the catalog, page by page, and ends the unit. Killed at any
 * point it is simply run again: what is merged is no longer staged.
 */
export function createPublishUnit(context: ActivityContext) {
  return (ref: UnitRef): Promise<UnitCounts> => {
    const step = { step: 'publish', runId: ref.runId, unit: ref.unit };
    return loggedStep<PublishCheckpoint, UnitCounts>(context, step, (liveness, log) =>
      publish(context, ref, liveness, log),
    );
  };
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
