import type { Actor } from '../access/actor.js';
import { can } from '../access/authorise.js';

/** The crawler that collects a database, as far as the actor may know of it. */
export function ownerFor(
  actor: Actor,
  owner: { crawlerId: string; name: string; workspaceId: string },
): { crawlerId: string; name: string } | { hidden: true } {
  if (!can(actor, 'crawler.read', owner.workspaceId)) return { hidden: true };
  return { crawlerId: owner.crawlerId, name: owner.name };
}
