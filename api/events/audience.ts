import type { Actor } from '../../access/actor.js';
import { can } from '../../access/authorise.js';
import type { Permission } from '../../access/permissions.js';
import { visibleAmong } from '../../access/visibility.js';
import type { EventType, MapEvent } from '../../catalog/events/event.js';
import type { Database } from '../../db/database.js';

/** What reading the thing itself takes, of events that belong to a workspace. */
const NEEDED: Partial<Record<EventType, Permission>> = {
  'run.updated': 'run.read',
  'run.progress': 'run.read',
  'crawler.updated': 'crawler.read',
  'crawler.deleted': 'crawler.read',
  'connection-test.updated': 'source.read',
  'held-removal.updated': 'run.read',
  'operation.updated': 'crawler.read',
};

/**
 * Chooses from some events what a person may be told, by the rules that every other answer goes by, as they stand now. People
 * who may see the same are asked for once.
 */
export function createAudience(
  database: Database,
  events: readonly MapEvent[],
): (actor: Actor) => Promise<readonly MapEvent[]> {
  const databases = [...new Set(events.flatMap(({ databaseId }) => databaseId ?? []))];
  const sights = new Map<string, ReturnType<typeof visibleAmong>>();
  return async (actor) => {
    const alike = actor.tenantRole === 'admin' ? 'admin' : [...actor.workspaces.keys()].sort().join();
    const sight = sights.get(alike) ?? visibleAmong(database, actor, databases);
    sights.set(alike, sight);
    const { visible, known } = await sight;
    return events.filter(({ type, workspaceId, databaseId, personId }) => {
      if (personId !== null) return personId === actor.personId;
      if (databaseId !== null) return (type === 'database.removed' ? known : visible).has(databaseId);
      const permission = NEEDED[type];
      return permission !== undefined && workspaceId !== null && can(actor, permission, workspaceId);
    });
  };
}
