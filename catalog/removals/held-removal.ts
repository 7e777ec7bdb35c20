export const HOLD_STATUSES = ['held', 'approved', 'rejected', 'expired', 'superseded'] as const;
export type HoldStatus = (typeof HOLD_STATUSES)[number];

/** Tables of one database that runs found missing and left on the map, for a person to decide on. */
export interface HeldRemoval {
  id: string;
  workspaceId: string;
  crawler: { id: string; name: string };
  /** Its row in the crawler's scope. */
  databaseId: string;
  database: string;
  status: HoldStatus;
  cause: { code: string; reason: string; remedy: string };
  /** Tables that are held still, of how many on the map when they were. */
  tables: number;
  of: number;
  /** Tables that an approval took off the map so far. */
  removed: number;
  /** The run that held them first, and the last that found them missing; null when it is gone. */
  run: { id: string; number: number } | null;
  lastRun: { id: string; number: number } | null;
  heldAt: Date;
  expiresAt: Date;
  decidedAt: Date | null;
  /** The person's id; null also when time or a later run decided. */
  decidedBy: string | null;
  note: string | null;
  /** When what was decided had been done. */
  settledAt: Date | null;
}

/** Columns of a HeldRemoval, to be read from FROM_HOLDS. */
export const HOLD_COLUMNS = `
  h.id, h.workspace_id AS "workspaceId", jsonb_build_object('id', c.id, 'name', c.name) AS crawler,
  h.collected_database_id AS "databaseId", d.name AS database, h.status, h.cause, h.tables, h.tables_of AS "of",
  h.removed,
  CASE WHEN r.id IS NOT NULL THEN jsonb_build_object('id', r.id, 'number', r.number) END AS run,
  CASE WHEN l.id IS NOT NULL THEN jsonb_build_object('id', l.id, 'number', l.number) END AS "lastRun",
  h.held_at AS "heldAt", h.expires_at AS "expiresAt", h.decided_at AS "decidedAt", h.decided_by AS "decidedBy",
  h.note, h.settled_at AS "settledAt"`;

export const FROM_HOLDS = `
  FROM held_removal h
  JOIN crawler c ON c.id = h.crawler_id
  JOIN collected_database d ON d.id = h.collected_database_id
  LEFT JOIN crawl_run r ON r.id = h.run_id
  LEFT JOIN crawl_run l ON l.id = h.last_run_id`;
