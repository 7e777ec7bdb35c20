import { NotFound } from '../db/refusals.js';
import type { Actor } from './actor.js';
import { Forbidden } from './errors.js';
import { memberHas, type Permission, roleHas } from './permissions.js';

/**
 * Returns when the person may do this, to what the workspace owns where one is given.
 * @throws NotFound when the person is not in that workspace, and so may not know what it has; Forbidden, which names the
 *   permission, when its role there does not carry it
 */
export function authorise(actor: Actor, permission: Permission, workspaceId?: string): void {
  if (can(actor, permission, workspaceId)) return;
  if (workspaceId === undefined) throw new Forbidden(permission);
  if (!actor.workspaces.has(workspaceId)) throw new NotFound('workspace', workspaceId);
  throw new Forbidden(permission, { id: workspaceId, name: actor.workspaceNames.get(workspaceId) ?? workspaceId });
}

/** Whether `authorise` would let the person. */
export function can(actor: Actor, permission: Permission, workspaceId?: string): boolean {
  if (actor.tenantRole === 'admin') return true;
  if (workspaceId === undefined) return memberHas(permission);
  const role = actor.workspaces.get(workspaceId);
  return role !== undefined && roleHas(role, permission);
}
