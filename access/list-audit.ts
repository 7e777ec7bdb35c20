import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import type { Actor } from './actor.js';
import { roleHas } from './permissions.js';

export interface AuditRecord {
  id: string;
  at: Date;
  /** Null for what the installation did by itself, or once that person is gone. */
  person: { id: string; name: string } | null;
  action: string;
  objectKind: string;
  objectId: string;
  workspaceId: string | null;
  detail: Record<string, unknown>;
}

export interface AuditFilters {
  personId?: string | undefined;
  action?: string | undefined;
  objectKind?: string | undefined;
  objectId?: string | undefined;
  workspaceId?: string | undefined;
  /** The first moment that counts, and the first that no longer does. */
  since?: Date | undefined;
  until?: Date | undefined;
}

/** The workspaces whose records the person may read; everything, with what belongs to none, for a tenant's admin. */
export function auditedWorkspaces(actor: Actor): string[] | 'everything' {
  if (actor.tenantRole === 'admin') return 'everything';
  return [...actor.workspaces].filter(([, role]) => roleHas(role, 'audit.read')).map(([id]) => id);
}

/** Records of deeds, newest first, at most `limit`, older than the one with the id `before`. */
export async function listAudit(
  database: Database,
  workspaces: string[] | 'everything',
  filters: AuditFilters,
  { before, limit }: { before?: string | undefined; limit: number },
): Promise<AuditRecord[]> {
  const conditions: [string, string | Date | string[] | undefined][] = [
    ['a.workspace_id = ANY (?::uuid[])', workspaces === 'everything' ? undefined : workspaces],
    ['a.id < ?::bigint', before],
    ['a.person_id = ?::uuid', filters.personId],
    ['a.action = ?', filters.action],
    ['a.object_kind = ?', filters.objectKind],
    ['a.object_id = ?', filters.objectId],
    ['a.workspace_id = ?::uuid', filters.workspaceId],
    ['a.at >= ?::timestamptz', filters.since],
    ['a.at < ?::timestamptz', filters.until],
  ];
  const given = conditions.filter((condition): condition is [string, string | Date | string[]] => {
    return condition[1] !== undefined;
  });
  return query<AuditRecord>(
    database,
    `SELECT a.id, a.at, a.action, a.object_kind AS "objectKind", a.object_id AS "objectId",
            a.workspace_id AS "workspaceId", a.detail,
            CASE WHEN p.id IS NOT NULL THEN jsonb_build_object('id', p.id, 'name', p.name) END AS person
       FROM audit_event a
       LEFT JOIN person p ON p.id = a.person_id
      WHERE ${['TRUE', ...given.map(([condition]) => condition)].join(' AND ')}
      ORDER BY a.id DESC
      LIMIT ?`,
    [...given.map(([, value]) => value), limit],
  );
}
