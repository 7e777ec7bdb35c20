import type { Actor } from '../access/actor.js';
import { pauseRun, resumeRun } from '../catalog/runs/pause-run.js';
import type { RunDetail } from '../catalog/runs/read-runs.js';
import type { ApiContext } from './context.js';
import { Problem } from './problems.js';

/**
 * Pauses an open run. The row decides, and the engine is only woken: a page that is staged sees the row by itself.
 * @throws Problem NO_OPEN_RUN when the run is stopping or has ended; OrchestratorUnavailable, with the run paused all
 *   the same
 */
export async function pause(
  { database, orchestrator }: ApiContext,
  run: RunDetail,
  actor: Actor,
  note: string | undefined,
): Promise<void> {
  const by = { personId: actor.personId, name: actor.name, ...(note === undefined ? {} : { note }) };
  if (!(await pauseRun(database, run.id, by))) throw notOpen(run);
  await orchestrator.wakeCrawl(run.crawlerId, 'paused');
}

/**
 * Lets a paused run go on. Repeatable: a run that is not paused is woken all the same, should an earlier call have been
 * cut off in between.
 * @throws Problem NO_OPEN_RUN; OrchestratorUnavailable: the run goes on by itself within ten minutes
 */
export async function resume({ database, orchestrator }: ApiContext, run: RunDetail, actor: Actor): Promise<void> {
  if (!(await resumeRun(database, run.id, actor))) throw notOpen(run);
  await orchestrator.wakeCrawl(run.crawlerId, 'resumed');
}

const notOpen = ({ number, status }: RunDetail): Problem =>
  new Problem('NO_OPEN_RUN', `Run ${number} is ${status}; only a queued or running one can be paused.`, {
    remedy: 'GET /api/v1/runs lists the runs there are.',
  });
