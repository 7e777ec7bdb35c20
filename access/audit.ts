import type { Database } from '../db/database.js';
import { query } from '../db/query.js';

/** Something a person did, to be kept. Holds no secret: names of changed fields rather than values that may be one. */
export interface AuditEvent {
  /** Undefined for what the installation did by itself. */
  personId?: string;
  /** What was done in the words of permissions, e.g. `crawler.delete`. */
  action: string;
  /** e.g. `crawler` */
  objectKind: string;
  objectId: string;
  workspaceId?: string;
  detail?: Record<string, unknown>;
}

/** Records it, in the transaction that does it where one is handed in: then neither happens without the other. */
export async function audit(database: Database, event: AuditEvent): Promise<void> {
  await query(
    database,
    `INSERT INTO audit_event (person_id, action, object_kind, object_id, workspace_id, detail)
     VALUES (:personId, :action, :objectKind, :objectId, :workspaceId, :detail)`,
    {
      personId: event.personId ?? null,
      action: event.action,
      objectKind: event.objectKind,
      objectId: event.objectId,
      workspaceId: event.workspaceId ?? null,
      detail: JSON.stringify(event.detail ?? {}),
    },
  );
}
