/** Why a run began. `retry`, `apply` and `revert` refer to another run, named by `crawl_run.of_run_id`. */
export type RunTrigger = 'manual' | 'schedule' | 'retry' | 'plan' | 'apply' | 'revert' | 'refresh';

export const OPEN_STATUSES = ['queued', 'running', 'stopping'] as const;
export const FINAL_STATUSES = ['succeeded', 'partial', 'failed', 'stopped', 'terminated', 'skipped'] as const;
export type OpenStatus = (typeof OPEN_STATUSES)[number];
export type FinalStatus = (typeof FINAL_STATUSES)[number];
/** Only ever moves from an open one to another or to a final one; the database refuses anything else. */
export type RunStatus = OpenStatus | FinalStatus;

export type UnitStatus =
  | 'pending'
  | 'collecting'
  | 'collected'
  | 'publishing'
  /** Of a run that publishes nothing: what it staged waits to be applied. */
  | 'planned'
  | 'done'
  | 'partial'
  | 'failed'
  | 'stopped';

/** A failure as it is kept: what happened and what to do. Holds no secret. */
export interface Failure {
  code: string;
  message: string;
  remedy?: string;
}

/** What a run did, over all its units. `columns` and `partitions` are those on the map of the collected databases. */
export interface RunCounts {
  /** Databases whose collection came to an end, whole or in part. */
  databases: number;
  tables: number;
  columns: number;
  partitions: number;
  added: number;
  changed: number;
  removed: number;
  restored: number;
  unchanged: number;
  held: number;
  problems: number;
}
