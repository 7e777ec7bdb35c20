import type { Actor } from '../access/actor.js';
import { can } from '../access/authorise.js';
import type { Permission } from '../access/permissions.js';

/** What an actor may do with a thing of a workspace, and for each refusal the permission that is missing. */
export function permitted<Action extends string>(
  actor: Actor,
  workspaceId: string | undefined,
  actions: Record<Action, Permission>,
): { can: Record<Action, boolean>; whyNot: Partial<Record<Action, string>> } {
  const allowed = {} as Record<Action, boolean>;
  const whyNot: Partial<Record<Action, string>> = {};
  for (const [action, permission] of Object.entries(actions) as [Action, Permission][]) {
    allowed[action] = can(actor, permission, workspaceId);
    if (!allowed[action])
      whyNot[action] = `You need ${permission}${workspaceId === undefined ? '' : ' in its workspace'}.`;
  }
  return { can: allowed, whyNot };
}
