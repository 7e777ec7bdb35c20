import type { Plan } from '../catalog/crawlers/plan.js';
import type { Trigger } from '../workflows/contract.js';

/** What the API may ask of the engine that runs crawlers. Tests of the API use an in-memory one. */
export interface Orchestrator {
  /** Starts a crawl, or tells which one is open. Never waits for it. */
  startCrawl(request: {
    crawlerId: string;
    runId: string;
    trigger: Trigger;
    requestedBy?: string;
  }): Promise<{ started: true } | { started: false }>;
  /** Asks the open crawl to stop. False when none is open. */
  stopCrawl(crawlerId: string): Promise<boolean>;
  /** Ends the open crawl without cleanup. False when none is open. */
  terminateCrawl(crawlerId: string, reason: string): Promise<boolean>;
  /** Makes the engine's schedule what the crawler's plan says: created, overwritten or removed. */
  applySchedule(crawler: ScheduledCrawler): Promise<void>;
  removeSchedule(crawlerId: string): Promise<void>;
  /** The next times at which the stored schedule fires; empty without a schedule or while paused. */
  nextRuns(crawlerId: string): Promise<Date[]>;
  /** The next five times of a plan that is not stored, from the engine itself. */
  previewPlan(plan: Plan): Promise<Date[]>;
  startConnectionTest(request: { testId: string; dataSourceId: string; resourceGroup: string }): Promise<void>;
  cancelConnectionTest(testId: string): Promise<boolean>;
  /** Runs the listing and returns when its row holds the result, or after `waitMs`. */
  listDatabases(request: {
    listingId: string;
    dataSourceId: string;
    resourceGroup: string;
    waitMs: number;
  }): Promise<void>;
  /** Repeatable: the same crawler gets the same operation. */
  deleteCrawler(request: { crawlerId: string; requestedBy?: string }): Promise<void>;
  health(): Promise<{ ok: true } | { ok: false; reason: string }>;
  close(): Promise<void>;
}

export interface ScheduledCrawler {
  id: string;
  name: string;
  plan: Plan;
  paused: boolean;
  pauseNote?: string | null;
  resourceGroupId: string;
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
