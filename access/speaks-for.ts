import { NotFound, Refusal } from '../db/refusals.js';
import type { Actor } from './actor.js';
import { authorise, can } from './authorise.js';
import { Forbidden } from './errors.js';
import type { Permission } from './permissions.js';

/** Somebody who may do it in several workspaces did not say in which. */
export class WorkspaceNotNamed extends Refusal {
  readonly code = 'WORKSPACE_NOT_NAMED';

  constructor(workspaces: readonly { id: string; name: string }[]) {
    super(
      `You may do this in ${workspaces.length} workspaces, and the request names none`,
      `Name one in the query: ${workspaces.map(({ id, name }) => `workspaceId=${id} (${name})`).join(', or ')}.`,
    );
  }
}

/**
 * The workspace for which the person does something that programs do without naming one: the one named, else the only one in
 * which the person has the permission. Null is the whole tenant, for its administrators.
 * @throws NotFound, Forbidden, WorkspaceNotNamed
 */
export function workspaceFor(actor: Actor, permission: Permission, named: string | undefined): string | null {
  if (named !== undefined) {
    if (!can(actor, 'workspace.read', named)) throw new NotFound('workspace', named);
    authorise(actor, permission, named);
    return named;
  }
  if (actor.tenantRole === 'admin') return null;
  const all = [...actor.workspaces.keys()];
  const able = all.filter((id) => can(actor, permission, id));
  const [only] = able;
  if (only === undefined) {
    if (all.length === 1) authorise(actor, permission, all[0]);
    throw new Forbidden(permission);
  }
  if (able.length === 1) return only;
  throw new WorkspaceNotNamed(able.map((id) => ({ id, name: actor.workspaceNames.get(id) ?? id })));
}
