import type { Leaving } from '../retire/leaving.js';
import type { Failure } from '../runs/run-state.js';

export const OPERATION_KINDS = ['narrow_scope', 'delete_crawler'] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];
export const OPERATION_STATUSES = ['queued', 'running', 'done', 'superseded'] as const;
export type OperationStatus = (typeof OPERATION_STATUSES)[number];

/** Work on the map that goes on after the request that asked for it. Of a crawler and kind one at a time is open. */
export interface Operation {
  id: string;
  kind: OperationKind;
  /** The crawler may be gone by now. */
  crawler: { id: string; name: string };
  workspaceId: string;
  /** Counted when it was asked for. */
  removes: Leaving;
  /** `superseded`: the crawler's deletion took it over. */
  status: OperationStatus;
  /** Entities of any kind taken off the map so far. */
  removed: number;
  /** Why the last step failed, which is being tried again. */
  error: Failure | null;
  /** A person's id. */
  requestedBy: string | null;
  requestedAt: Date;
  startedAt: Date | null;
  /** When the last batch had left the map. */
  clearedAt: Date | null;
  endedAt: Date | null;
}

/** Columns of an Operation; `o` is operation. */
export const OPERATION_COLUMNS = `
  o.id, o.kind, jsonb_build_object('id', o.crawler_id, 'name', o.crawler_name) AS crawler,
  o.workspace_id AS "workspaceId", o.removes, o.status, o.removed, o.error, o.requested_by AS "requestedBy",
  o.requested_at AS "requestedAt", o.started_at AS "startedAt", o.cleared_at AS "clearedAt", o.ended_at AS "endedAt"`;
