import type { Plan } from '../catalog/crawlers/plan.js';
import type { HoldToSettle, TableLookupInput, TableRefreshInput, Trigger } from '../workflows/contract.js';

/** What the API may ask of the engine that runs crawlers. Tests of the API use an in-memory one. */
export interface Orchestrator {
  /** Starts a crawl, or tells which one is open. Never waits for it. */
  startCrawl(request: {
    crawlerId: string;
    /** With the resource group, what the engine's own lists show of the run. */
    crawlerName: string;
    resourceGroup: string;
    runId: string;
    trigger: Trigger;
    /** The run that this one retries. */
    ofRunId?: string;
    requestedBy?: string;
  }): Promise<{ started: true } | { started: false }>;
  /**
   * Waits until no crawl is open, at most so many milliseconds. Undefined then, else the first execution's id of the one
   * that still is: its run has it as `workflow_run_id`.
   */
  untilNoCrawl(crawlerId: string, waitMs: number): Promise<string | undefined>;
  /** Tells the open crawl that its run's row says paused, or no longer does. False when none is open. */
  wakeCrawl(crawlerId: string, because: 'paused' | 'resumed'): Promise<boolean>;
  /** Asks the open crawl to stop. False when none is open. */
  stopCrawl(crawlerId: string): Promise<boolean>;
  /**
   * Ends the open crawl without cleanup. False when none is open.
   * @param workflowRunId ends that execution only, and none that has taken its place
   */
  terminateCrawl(crawlerId: string, reason: string, workflowRunId?: string): Promise<boolean>;
  /** The steps of the open crawl that no worker is busy with now; empty when none is open. */
  waitingSteps(crawlerId: string): Promise<WaitingStep[]>;
  /** Makes the engine's schedule what the crawler's plan says: created, overwritten or removed. */
  applySchedule(crawler: ScheduledCrawler): Promise<void>;
  removeSchedule(crawlerId: string): Promise<void>;
  /** The next times at which the stored schedule fires; empty without a schedule or while paused. */
  nextRuns(crawlerId: string): Promise<Date[]>;
  /** The next five times of a plan that is not stored, from the engine itself. */
  previewPlan(plan: Plan): Promise<Date[]>;
  startConnectionTest(request: {
    testId: string;
    dataSourceId: string;
    dataSourceName: string;
    resourceGroup: string;
    /** Databases of a scope to look into, at most twenty. */
    databases?: string[];
  }): Promise<void>;
  cancelConnectionTest(testId: string): Promise<boolean>;
  /** Runs the listing and returns when its row holds the result, or after `waitMs`. */
  listDatabases(request: {
    listingId: string;
    dataSourceId: string;
    dataSourceName: string;
    resourceGroup: string;
    waitMs: number;
  }): Promise<void>;
  /** Has a preview's rows read; its row tells how that ends. */
  startPreview(request: { previewId: string; dataSourceName: string; resourceGroup: string }): Promise<void>;
  cancelPreview(previewId: string): Promise<boolean>;
  /** Asks a source for a table and returns when the lookup's row holds the answer, or after `waitMs`. */
  lookUpTable(request: TableLookupInput & { waitMs: number }): Promise<void>;
  /** Has named tables read again; the rows of the refresh tell how that ends. */
  startRefresh(request: TableRefreshInput): Promise<void>;
  /** Has what was decided on held removals done now, and not with the next minute's upkeep. Repeatable. */
  settleHeldRemovals(hold: HoldToSettle): Promise<void>;
  /** Has a webhook told now what it is to be told, and not with the next minute's upkeep. Repeatable. */
  tellWebhook(request: { webhookId: string; webhookName: string }): Promise<void>;
  /** Has tables described now, and not with the next minute's upkeep. Repeatable. */
  describeTables(): Promise<void>;
  /** Asks the configured model once, and returns when the trial's row holds the answer, or after `waitMs`. */
  tryModel(request: { trialId: string; waitMs: number }): Promise<void>;
  /** Has events of lineage that wait folded now, and not with the next minute's upkeep. Repeatable. */
  foldLineageEvents(): Promise<void>;
  /** Has the minute's upkeep, which brings search up to date, done now; once more where it is under way. Repeatable. */
  bringSearchUpToDate(): Promise<void>;
  /** Takes what left a crawler's scope off the map. Repeatable; one that is under way also takes what left since. */
  narrowScope(request: { crawlerId: string; crawlerName: string }): Promise<void>;
  /** Repeatable: the same crawler gets the same operation. */
  deleteCrawler(request: { crawlerId: string; crawlerName: string; requestedBy?: string }): Promise<void>;
  /**
   * Makes the engine's schedules what the crawlers' plans say, whatever happened to them: missing ones are created,
   * edited ones overwritten, those of no crawler removed. Also ensures the schedule that keeps search up to date.
   * @param load reads the crawlers; called after the engine's schedules were listed, so that none made meanwhile is taken for a stray
   */
  reconcile(load: () => Promise<readonly ScheduledCrawler[]>): Promise<ReconcileReport>;
  health(): Promise<{ ok: true } | { ok: false; reason: string }>;
  close(): Promise<void>;
}

/** A step of a run that waits for a worker, or for its next attempt. */
export interface WaitingStep {
  /** The activity's name, e.g. `collectUnit`. */
  step: string;
  /** The attempt that is to come, from 1. */
  attempt: number;
  since: Date | null;
  /** When the attempt is due; null while nothing but a free worker is missing. */
  nextAttemptAt: Date | null;
  /** How the attempt before ended. */
  failure: WaitingFailure | null;
}

export interface WaitingFailure {
  code: string;
  message: string;
  remedy?: string;
  /** The unit that it was about. */
  unit?: number;
}

export interface ScheduledCrawler {
  id: string;
  name: string;
  plan: Plan;
  paused: boolean;
  pauseNote?: string | null;
  resourceGroupId: string;
}

/** Ids of crawlers whose schedule had to be touched. */
export interface ReconcileReport {
  created: string[];
  overwritten: string[];
  removed: string[];
}

/** Thrown when the engine cannot be reached; the API answers 503 naming it. */
export class OrchestratorUnavailable extends Error {
  readonly code = 'TEMPORAL_UNAVAILABLE';
  readonly remedy = 'Check that the Temporal server is running and that TEMPORAL_ADDRESS names it, then try again.';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OrchestratorUnavailable';
  }
}
