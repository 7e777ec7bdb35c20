import type { Actor } from '../access/actor.js';
import { openRunOf } from '../catalog/runs/read-runs.js';
import { markStopping } from '../catalog/runs/stop-run.js';
import type { ApiContext } from './context.js';
import { Problem } from './problems.js';

/**
 * Asks a crawler's open run to stop. It has stopped when its status says so.
 * @throws Problem NO_OPEN_RUN
 */
export async function stopRun(
  context: ApiContext,
  crawlerId: string,
  actor: Actor,
): Promise<{ runId: string | null; status: 'stopping' }> {
  const open = await openRunOf(context.database, crawlerId);
  const asked = await context.orchestrator.stopCrawl(crawlerId);
  if (!asked)
    throw new Problem('NO_OPEN_RUN', 'No run of this crawler is open.', {
      remedy: 'Nothing needs to be stopped. GET /api/v1/runs lists the runs there were.',
    });
  // The engine first: a row that says "stopping" while nobody was asked would never end. By now the run may even be over.
  const marked = await markStopping(context.database, { crawlerId, requestedBy: actor.personId });
  return { runId: marked?.runId ?? open?.runId ?? null, status: 'stopping' };
}
