import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { NotFound } from '../db/refusals.js';
import { loadActor } from './actor.js';
import type { TenantRole, WorkspaceRole } from './permissions.js';
import { visiblePredicate } from './visibility.js';

/** Which rule decides whether a person sees what a database holds. */
export type AccessRule =
  | 'tenant admin'
  | 'public in tenant'
  | 'workspace member'
  | 'not a member'
  | 'disabled'
  | 'leaving';

/** Whether a person may see an entity, and everything that this hangs on. */
export interface AccessExplanation {
  maySee: boolean;
  rule: AccessRule;
  /** The rule as a sentence for people. */
  because: string;
  person: { id: string; name: string };
  tenantRole: TenantRole;
  workspace: { id: string; name: string };
  /** In that workspace; null for who is not a member. */
  workspaceRole: WorkspaceRole | null;
  database: {
    name: string;
    visibility: 'tenant' | 'workspace';
    /** Null while it is the default that its workspace had when it came into the scope, or once that person is gone. */
    setBy: { id: string; name: string } | null;
    setAt: Date | null;
  };
}

/**
 * Tells why a person sees an entity or does not. The answer is that of the predicate which every list and search uses.
 * Whether the asker may know is the caller's to check. @throws NotFound for no such person or entity
 */
export async function explainAccess(
  database: Database,
  entityId: string,
  personId: string,
): Promise<AccessExplanation> {
  const actor = await loadActor(database, personId);
  const [row] = await query<
    Pick<AccessExplanation, 'person' | 'tenantRole' | 'workspace' | 'workspaceRole' | 'database'> & {
      leaving: boolean;
      maySee: boolean;
      setAt: Date | null;
    }
  >(
    database,
    `SELECT jsonb_build_object('id', p.id, 'name', p.name) AS person,
            p.tenant_role AS "tenantRole",
            jsonb_build_object('id', w.id, 'name', w.name) AS workspace,
            m.role AS "workspaceRole",
            jsonb_build_object(
              'name', d.name, 'visibility', d.visibility,
              'setBy', CASE WHEN b.id IS NOT NULL THEN jsonb_build_object('id', b.id, 'name', b.name) END
            ) AS database,
            d.visibility_set_at AS "setAt",
            d.retiring_at IS NOT NULL AS leaving,
            ? AS "maySee"
     FROM entity e
     JOIN collected_database d ON d.id = e.collected_database_id
     JOIN workspace w ON w.id = d.workspace_id
     JOIN person p ON p.id = ?
     LEFT JOIN workspace_member m ON m.workspace_id = w.id AND m.person_id = p.id
     LEFT JOIN person b ON b.id = d.visibility_set_by
     WHERE e.id = ?`,
    [actor === undefined ? false : visiblePredicate(actor), personId, entityId],
  );
  if (row === undefined) throw new NotFound('person', personId);
  const { leaving, setAt, ...explained } = row;
  const rule = ruleOf(row, actor === undefined);
  return { ...explained, rule, because: inWords(rule, row), database: { ...row.database, setAt } };
}

function ruleOf(
  row: Pick<AccessExplanation, 'tenantRole' | 'workspaceRole' | 'database'> & { leaving: boolean },
  disabled: boolean,
): AccessRule {
  if (disabled) return 'disabled';
  if (row.leaving) return 'leaving';
  if (row.tenantRole === 'admin') return 'tenant admin';
  if (row.workspaceRole !== null) return 'workspace member';
  return row.database.visibility === 'tenant' ? 'public in tenant' : 'not a member';
}

function inWords(
  rule: AccessRule,
  {
    person,
    workspace,
    workspaceRole,
    database,
  }: Pick<AccessExplanation, 'person' | 'workspace' | 'workspaceRole' | 'database'>,
): string {
  switch (rule) {
    case 'disabled':
      return `${person.name} is disabled and sees nothing.`;
    case 'leaving':
      return `${database.name} was taken out of its crawler's scope: nobody sees it.`;
    case 'tenant admin':
      return `${person.name} is an admin of the tenant, who sees everything.`;
    case 'workspace member':
      return `${person.name} is ${workspaceRole} in ${workspace.name}, to which ${database.name} belongs.`;
    case 'public in tenant':
      return `${database.name} is public within the tenant.`;
    case 'not a member':
      return `${database.name} is for members of ${workspace.name} only, and ${person.name} is none.`;
  }
}
