import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { NotFound } from '../db/refusals.js';
import { isForeignKeyViolation } from '../db/violations.js';
import { LastAdmin } from './errors.js';
import type { WorkspaceRole } from './permissions.js';

export interface Member {
  personId: string;
  email: string;
  name: string;
  role: WorkspaceRole;
  /** Disabled people keep their place and cannot sign in. */
  disabled: boolean;
  since: Date;
}

/**
 * Members by e-mail address.
 * @param page.after the address of the last member of the page before
 */
export async function listMembers(
  database: Database,
  workspaceId: string,
  page: { after?: string; limit: number },
): Promise<Member[]> {
  return query<Member>(
    database,
    `SELECT p.id AS "personId", p.email, p.name, m.role, p.disabled_at IS NOT NULL AS disabled, m.created_at AS since
       FROM workspace_member m
       JOIN person p ON p.id = m.person_id
      WHERE m.workspace_id = :workspaceId AND p.email > :after
      ORDER BY p.email
      LIMIT :limit`,
    { workspaceId, after: page.after ?? '', limit: page.limit },
  );
}

/**
 * Makes a person a member, or gives a member another role.
 * @throws NotFound when there is no such person or workspace; LastAdmin when the workspace would be left without one
 */
export async function putMember(
  database: Database,
  workspaceId: string,
  personId: string,
  role: WorkspaceRole,
): Promise<Member> {
  return database.transaction(async (transaction) => {
    if (role !== 'admin') await keepAnAdmin(transaction, workspaceId, personId);
    try {
      await query(
        transaction,
        `INSERT INTO workspace_member (workspace_id, person_id, role) VALUES (:workspaceId, :personId, :role)
         ON CONFLICT (workspace_id, person_id) DO UPDATE SET role = excluded.role`,
        { workspaceId, personId, role },
      );
    } catch (error) {
      if (isForeignKeyViolation(error, 'workspace_member_workspace_id_fkey'))
        throw new NotFound('workspace', workspaceId);
      if (isForeignKeyViolation(error)) throw new NotFound('person', personId);
      throw error;
    }
    const [member] = await query<Member>(
      transaction,
      `SELECT p.id AS "personId", p.email, p.name, m.role, p.disabled_at IS NOT NULL AS disabled, m.created_at AS since
         FROM workspace_member m
         JOIN person p ON p.id = m.person_id
        WHERE m.workspace_id = :workspaceId AND m.person_id = :personId`,
      { workspaceId, personId },
    );
    if (member === undefined) throw new NotFound('member', personId);
    return member;
  });
}

/** @throws NotFound when the person is no member; LastAdmin */
export async function removeMember(database: Database, workspaceId: string, personId: string): Promise<void> {
  await database.transaction(async (transaction) => {
    await keepAnAdmin(transaction, workspaceId, personId);
    const removed = await query(
      transaction,
      `DELETE FROM workspace_member WHERE workspace_id = :workspaceId AND person_id = :personId RETURNING role`,
      { workspaceId, personId },
    );
    if (removed.length === 0) throw new NotFound('member', personId);
  });
}

/** Locks all administrators, in one order, so that two of them cannot leave past each other. */
async function keepAnAdmin(transaction: Database, workspaceId: string, leavingId: string): Promise<void> {
  const admins = await query<{ person_id: string }>(
    transaction,
    `SELECT person_id FROM workspace_member
      WHERE workspace_id = ? AND role = 'admin'
      ORDER BY person_id
        FOR UPDATE`,
    [workspaceId],
  );
  if (admins.length === 1 && admins[0]?.person_id === leavingId) throw new LastAdmin('workspace');
}
