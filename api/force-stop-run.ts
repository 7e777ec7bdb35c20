import type { Actor } from '../access/actor.js';
import type { RunDetail } from '../catalog/runs/read-runs.js';
import { FORCE_STOP_AFTER, forceStopFrom, recordForcedStop } from '../catalog/runs/stop-run.js';
import type { ApiContext } from './context.js';
import { Problem } from './problems.js';

/**
 * Ends a run whose Stop was not confirmed in time. Its workflow gets no say, so its end is written here; an activity
 * that is still at work finds its next write refused.
 * @throws Problem NOT_STOPPING; FORCE_STOP_TOO_EARLY with the time from which it is possible; OrchestratorUnavailable
 */
export async function forceStopRun(
  { database, orchestrator }: ApiContext,
  run: RunDetail,
  actor: Actor,
): Promise<void> {
  const possible = await forceStopFrom(database, run.id);
  if (possible === null)
    throw new Problem('NOT_STOPPING', `Run ${run.number} is ${run.status}; nobody waits for it to stop.`, {
      remedy: 'Stop it first, if it is open: POST /api/v1/runs/{id}/stop.',
    });
  if (!possible.now)
    throw new Problem(
      'FORCE_STOP_TOO_EARLY',
      `Run ${run.number} has ${FORCE_STOP_AFTER} s to confirm that it stopped.`,
      {
        remedy: `Wait until ${possible.from.toISOString()}; most runs stop within seconds.`,
        extra: { from: possible.from },
      },
    );
  const reason = `Stopped by force on behalf of ${actor.personId}`;
  await orchestrator.terminateCrawl(run.crawlerId, reason, run.workflowRunId ?? undefined);
  await recordForcedStop(database, run.id, actor.name);
}
