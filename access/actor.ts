import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import type { TenantRole, WorkspaceRole } from './permissions.js';

/** A signed-in person, with all that decides what it may see and do. */
export interface Actor {
  personId: string;
  email: string;
  name: string;
  tenantRole: TenantRole;
  /** By workspace id; without those that a tenant's administrator sees by that role alone. */
  workspaces: ReadonlyMap<string, WorkspaceRole>;
  /** What the workspaces above are called. */
  workspaceNames: ReadonlyMap<string, string>;
}

/** Undefined when there is no such person, or it is disabled. */
export async function loadActor(database: Database, personId: string): Promise<Actor | undefined> {
  const [row] = await query<{
    email: string;
    name: string;
    tenant_role: TenantRole;
    memberships: { id: string; name: string; role: WorkspaceRole }[];
  }>(
    database,
    `SELECT p.email, p.name, p.tenant_role,
            coalesce((
              SELECT jsonb_agg(jsonb_build_object('id', w.id, 'name', w.name, 'role', m.role))
                FROM workspace_member m
                JOIN workspace w ON w.id = m.workspace_id
               WHERE m.person_id = p.id
            ), '[]') AS memberships
       FROM person p
      WHERE p.id = ? AND p.disabled_at IS NULL`,
    [personId],
  );
  if (row === undefined) return undefined;
  return {
    personId,
    email: row.email,
    name: row.name,
    tenantRole: row.tenant_role,
    workspaces: new Map(row.memberships.map((membership) => [membership.id, membership.role])),
    workspaceNames: new Map(row.memberships.map((membership) => [membership.id, membership.name])),
  };
}
