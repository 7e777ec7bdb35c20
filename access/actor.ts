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

export interface ActorRow {
  id: string;
  email: string;
  name: string;
  tenant_role: TenantRole;
  memberships: { id: string; name: string; role: WorkspaceRole }[];
}

/** What is read of a person `p` to know what it may do. */
export const ACTOR_COLUMNS = `
  p.id, p.email, p.name, p.tenant_role,
  coalesce((
    SELECT jsonb_agg(jsonb_build_object('id', w.id, 'name', w.name, 'role', m.role))
      FROM workspace_member m
      JOIN workspace w ON w.id = m.workspace_id
     WHERE m.person_id = p.id
  ), '[]') AS memberships`;

/** Undefined when there is no such person, or it is disabled. */
export async function loadActor(database: Database, personId: string): Promise<Actor | undefined> {
  const [row] = await query<ActorRow>(
    database,
    `SELECT ${ACTOR_COLUMNS} FROM person p WHERE p.id = ? AND p.disabled_at IS NULL`,
    [personId],
  );
  return row === undefined ? undefined : actorOf(row);
}

/**
 * Who is signed in by which of these, as it stands now: for answers that go on for hours, each of which has to end when its
 * session or token does. Uses of them are not counted.
 * @param digests of the secrets of sessions and tokens
 * @returns by digest in hex; nothing for one that ended, or whose person is disabled
 */
export async function actorsSignedIn(database: Database, digests: readonly Buffer[]): Promise<Map<string, Actor>> {
  const rows = await query<ActorRow & { digests: string[] }>(
    database,
    `SELECT ${ACTOR_COLUMNS}, c.digests
       FROM (
         SELECT person_id, array_agg(encode(digest, 'hex')) AS digests
           FROM (
             SELECT person_id, digest FROM session WHERE digest = ANY (:digests) AND expires_at > now()
             UNION ALL
             SELECT person_id, digest
               FROM api_token
              WHERE digest = ANY (:digests) AND (expires_at IS NULL OR expires_at > now())
           ) valid
          GROUP BY person_id
       ) c
       JOIN person p ON p.id = c.person_id AND p.disabled_at IS NULL`,
    { digests: [...digests] },
  );
  return new Map(rows.flatMap((row) => row.digests.map((digest) => [digest, actorOf(row)] as const)));
}

export function actorOf(row: ActorRow): Actor {
  return {
    personId: row.id,
    email: row.email,
    name: row.name,
    tenantRole: row.tenant_role,
    workspaces: new Map(row.memberships.map((membership) => [membership.id, membership.role])),
    workspaceNames: new Map(row.memberships.map((membership) => [membership.id, membership.name])),
  };
}
