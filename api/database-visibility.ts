import type { Actor } from '../access/actor.js';
import { audit } from '../access/audit.js';
import { authorise } from '../access/authorise.js';
import type { CrawlerDetail } from '../catalog/crawlers/read-crawlers.js';
import type { ChangedVisibility, Visibility } from '../catalog/crawlers/visibility.js';
import type { Database } from '../db/database.js';

/**
 * Whoever may edit a crawler may hide what it collects. Showing it to the whole tenant is for admins of the workspace, as
 * the default of the workspace is. Naming a database that is public already shows nothing to anybody.
 * @throws Forbidden
 */
export function authoriseVisibilities(
  actor: Actor,
  { workspaceId, scope }: Pick<CrawlerDetail, 'workspaceId' | 'scope'>,
  wanted: readonly { database: string; visibility: Visibility }[] = [],
): void {
  const hidden = new Set(scope.filter(({ visibility }) => visibility === 'workspace').map(({ name }) => name));
  if (wanted.some(({ database, visibility }) => visibility === 'tenant' && hidden.has(database)))
    authorise(actor, 'entity.publish', workspaceId);
}

/** Keeps, of each database whose visibility a request changes, what it was and what it is. */
export function recordVisibilities(actor: Actor, workspaceId: string, requestId: string) {
  return async (transaction: Database, changed: readonly ChangedVisibility[]): Promise<void> => {
    for (const { databaseId, database, from, to } of changed)
      await audit(transaction, {
        personId: actor.personId,
        action: 'database.visibility',
        objectKind: 'database',
        objectId: databaseId,
        workspaceId,
        detail: { requestId, database, from, to },
      });
  };
}
