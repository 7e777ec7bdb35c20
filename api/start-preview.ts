import { randomUUID } from 'node:crypto';
import type { Actor } from '../access/actor.js';
import { can } from '../access/authorise.js';
import { Forbidden } from '../access/errors.js';
import { visiblePredicate } from '../access/visibility.js';
import { getEntity } from '../catalog/entities/entity.js';
import { limitsOfServer } from '../catalog/governor/limits.js';
import { quietUntil } from '../catalog/governor/quiet-hours.js';
import { liveWorkers } from '../catalog/groups/workers.js';
import { SourceQuiet } from '../catalog/preview/errors.js';
import { createPreview, endPreview, previewPlace } from '../catalog/preview/previews.js';
import type { ApiContext } from './context.js';
import { Problem } from './problems.js';
import { withoutWorker } from './without-worker.js';

/** What a preview is asked of: something on the map, and the workspace that decides who may. */
export interface PreviewTarget {
  id: string;
  workspaceId: string;
  kind: string;
  name: string;
  removed: boolean;
}

/**
 * The entity, for the check of access. Who sees it because it is public, and is in none of its workspace's roles, is told
 * the permission that is missing, and not that there is nothing.
 * @throws NotFound, Forbidden
 */
export async function findPreviewTarget(
  { database }: ApiContext,
  { id }: { id: string },
  actor: Actor,
): Promise<PreviewTarget> {
  const { workspace, kind, name, removedAt } = await getEntity(database, { id }, visiblePredicate(actor));
  if (!can(actor, 'data.preview', workspace.id)) throw new Forbidden('data.preview', workspace);
  return { id, workspaceId: workspace.id, kind, name, removed: removedAt !== null };
}

/**
 * Has rows of a table read by a worker of its crawler's resource group.
 * @throws Problem NOT_A_TABLE, TABLE_REMOVED, RESOURCE_GROUP_WITHOUT_WORKER; SourceQuiet; OrchestratorUnavailable
 */
export async function startPreview(
  { database, orchestrator }: ApiContext,
  target: PreviewTarget,
  actor: Actor,
  how: { rows: number; columns?: string[] | undefined },
): Promise<string> {
  if (target.kind !== 'table')
    throw new Problem('NOT_A_TABLE', `${target.name} is a ${target.kind}, which has no rows to show.`, {
      remedy: 'Ask for a preview of one of its tables.',
    });
  if (target.removed)
    throw new Problem('TABLE_REMOVED', `${target.name} is no longer on the map: its source did not show it any more.`, {
      remedy: 'Refresh it if it is there again.',
    });
  const { dataSourceId, dataSourceName, resourceGroupId } = await previewPlace(database, target.id);
  const until = quietUntil((await limitsOfServer(database, dataSourceId)).quietHours, new Date());
  if (until !== undefined) throw new SourceQuiet(until.toISOString());
  if ((await liveWorkers(database, resourceGroupId)).length === 0) {
    const { code, message, remedy } = withoutWorker(resourceGroupId);
    throw new Problem(code, message, { remedy });
  }
  const previewId = randomUUID();
  const { rows, columns } = how;
  await createPreview(database, {
    previewId,
    entityId: target.id,
    requestedBy: actor.personId,
    resourceGroupId,
    rows,
    ...(columns === undefined ? {} : { columns }),
  });
  await orchestrator
    .startPreview({ previewId, dataSourceName, resourceGroup: resourceGroupId })
    .catch(async (error: unknown) => {
      await endPreview(database, previewId, { status: 'cancelled' });
      throw error;
    });
  return previewId;
}
