import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';

/**
 * Everything the processes must agree on about Temporal: ids, queues, workflow names and the shapes that enter history.
 * Only ids, cursors and counts travel in them; table lists, credentials and driver errors never do.
 */

export const CONTROL_QUEUE = 'control';

export const groupQueue = (groupId: string): string => `rg:${groupId}`;
export const crawlId = (crawlerId: string): string => `crawl:${crawlerId}`;
export const tickId = (crawlerId: string): string => `tick:${crawlerId}`;
export const scheduleId = (crawlerId: string): string => `crawler:${crawlerId}`;
export const narrowScopeId = (crawlerId: string): string => `narrow-scope:${crawlerId}`;
export const deleteCrawlerId = (crawlerId: string): string => `delete-crawler:${crawlerId}`;
export const connectionTestId = (testId: string): string => `connection-test:${testId}`;
export const databaseListingId = (listingId: string): string => `database-listing:${listingId}`;
export const dataPreviewId = (previewId: string): string => `preview:${previewId}`;
export const tableRefreshId = (refreshId: string): string => `refresh:${refreshId}`;
export const tableLookupId = (lookupId: string): string => `table-lookup:${lookupId}`;
export const heldRemovalsId = (holdId: string): string => `held-removals:${holdId}`;
export const modelTrialId = (trialId: string): string => `model-trial:${trialId}`;
/** One for the installation: it asks one model. */
export const DESCRIBE_TABLES = 'describe-tables';
export const webhookDeliveriesId = (webhookId: string): string => `webhook:${webhookId}`;
/** Tells the workflow of a hold that its row says something new; the row is what counts. */
export const HOLD_DECIDED = 'decided';
/** The one workflow that folds events of lineage. */
export const LINEAGE_EVENTS = 'lineage-events';
/** Also the id of the schedule that starts it. */
export const SEARCH_OUTBOX = 'search-outbox';

/** Keyword search attributes; an unregistered one makes every start fail, so workers register them at boot. */
export const SEARCH_ATTRIBUTES = ['CrawlerId', 'ResourceGroup', 'Trigger'] as const;

export type Trigger = 'manual' | 'schedule' | 'retry' | 'plan' | 'apply' | 'revert' | 'refresh';

const keyword = (name: (typeof SEARCH_ATTRIBUTES)[number]) => defineSearchAttributeKey(name, 'KEYWORD');

/** The attributes an execution is found by in Temporal's own lists; those that do not apply are left out. */
export function searchAttributes(of: {
  crawlerId?: string;
  resourceGroup?: string;
  trigger?: Trigger;
}): SearchAttributePair[] {
  return [
    ...(of.crawlerId === undefined ? [] : [{ key: keyword('CrawlerId'), value: of.crawlerId }]),
    ...(of.resourceGroup === undefined ? [] : [{ key: keyword('ResourceGroup'), value: of.resourceGroup }]),
    ...(of.trigger === undefined ? [] : [{ key: keyword('Trigger'), value: of.trigger }]),
  ];
}

/** The longest a crawl and its tick may take in all: a hung one would keep every later tick from starting. */
export const CRAWL_TIMEOUT = '25h';
export const TICK_TIMEOUT = '26h';

/** The one line that names an execution in Temporal's own UI. */
export const crawlSummary = (crawlerName: string): string => `Collect metadata: ${crawlerName}`;

/** What the search attributes and the summary of an execution say; read again by openRun before anything depends on it. */
export interface CrawlerLabel {
  crawlerName: string;
  resourceGroup: string;
}

export interface CrawlInput extends CrawlerLabel {
  crawlerId: string;
  /** A UUID made by who asks; left out by a schedule, which makes one inside the workflow. */
  runId?: string;
  trigger: Trigger;
  /** The run that this one retries, applies or takes back. */
  ofRunId?: string;
  requestedBy?: string;
  /** Set when the run goes on as a new execution: the run's rows hold its state, this only what it has counted. */
  resume?: CrawlResumption;
}

export interface CrawlResumption {
  plan: RunPlan;
  /** The last unit handed out. */
  after: number;
  unitsTotal: number;
  unitsDone: number;
  /** The first few units that failed. */
  failures: UnitFailure[];
  failed: number;
}

export interface CrawlResult {
  runId: string;
  /** A run of which every unit failed ends as a failed execution instead. */
  status: 'succeeded' | 'partial' | 'skipped';
  counts: Record<string, number>;
}

/** What a schedule starts: runs the crawler's crawl as a child, or records that one was already open. */
export interface ScheduledCrawlInput extends CrawlerLabel {
  crawlerId: string;
}

/** What openRun tells the workflow: where and how wide to run. */
export interface RunPlan {
  runId: string;
  crawlerName: string;
  resourceGroup: string;
  /** Units collected side by side. */
  lanes: number;
  /** Its time came in the quiet hours of the source: that is recorded, and nothing is to be done. */
  skipped?: true;
}

export interface UnitRef {
  runId: string;
  unit: number;
  database: string;
}

/** A unit to collect, perhaps one that yielded before. */
export interface UnitToCollect extends UnitRef {
  /** Attempts that earlier steps on the unit took: who may write is told by their number, which only counts up. */
  attemptsBefore?: number;
}

/** What became of collecting a unit. One that yielded is to be collected again, and goes on where it was. */
export interface CollectedUnit {
  tables: number;
  changed: number;
  yielded?:
    | { reason: 'paused'; attempts: number }
    /** The source is to be left alone until then, in ISO format. */
    | { reason: 'quiet hours'; until: string; attempts: number };
}

/** Signals to a crawl that its run was paused or may go on. They only wake it: the run's row says what is so. */
export const PAUSE_SIGNAL = 'pause';
export const RESUME_SIGNAL = 'resume';

/** Counts of one unit; the run's are their sums. */
export interface UnitCounts {
  tables: number;
  added: number;
  changed: number;
  removed: number;
  restored: number;
  unchanged: number;
  held: number;
  problems: number;
}

/** Why something failed, as rows, history and people read it. Holds no secret and no driver's own error. */
export interface FailureSummary {
  code: string;
  message: string;
  remedy?: string;
}

export interface UnitFailure extends FailureSummary {
  database: string;
}

/** The query `progress` of a crawl: for the CLI and support; the console reads rows. */
export interface CrawlProgress {
  phase: 'opening' | 'listing' | 'collecting' | 'indexing' | 'tracing' | 'closing';
  unitsTotal: number;
  unitsDone: number;
  unitsFailed: number;
  /** Names of the databases being collected now. */
  collecting: string[];
}

export interface ConnectionTestInput {
  testId: string;
  dataSourceId: string;
  dataSourceName: string;
  resourceGroup: string;
  /** Databases of a scope to look into, at most twenty: they are kept in history. */
  databases?: string[];
}

export interface DatabaseListingInput {
  listingId: string;
  dataSourceId: string;
  dataSourceName: string;
  resourceGroup: string;
}

/** What is to be read stands in the preview's row: the table's name is nothing that history needs. */
export interface DataPreviewInput {
  previewId: string;
  dataSourceName: string;
  resourceGroup: string;
}

/** Which table is looked for stands in the lookup's row. */
export interface TableLookupInput {
  lookupId: string;
  dataSourceName: string;
  resourceGroup: string;
}

/** Which crawlers are to read tables again; the tables stand in rows. */
export interface TableRefreshInput {
  refreshId: string;
  requestedBy: string;
  /** At most fifty, as a refresh names at most fifty tables. */
  crawlers: (CrawlerLabel & { crawlerId: string; runId: string })[];
}

export interface DeleteCrawlerInput {
  crawlerId: string;
  crawlerName: string;
  requestedBy?: string;
}

/** What waits for a person to decide on removals, at most until their time is over. */
export interface HeldRemovalsInput {
  holdId: string;
  crawlerId: string;
  crawlerName: string;
  /** Until the hold expires, by its row. */
  waitMs: number;
}

/** A hold that a workflow is owed to. */
export interface HoldToSettle {
  id: string;
  crawlerId: string;
  crawlerName: string;
  /** Milliseconds until it expires. */
  msLeft: number;
}

/** How the workflow of a hold is started, by whoever finds that there is none. */
export const heldRemovalsStart = ({ id, crawlerId, crawlerName, msLeft }: HoldToSettle) => ({
  workflowId: heldRemovalsId(id),
  workflowIdConflictPolicy: 'USE_EXISTING' as const,
  taskQueue: CONTROL_QUEUE,
  args: [{ holdId: id, crawlerId, crawlerName, waitMs: msLeft }] as [HeldRemovalsInput],
  typedSearchAttributes: searchAttributes({ crawlerId }),
  staticSummary: `Held removals: ${crawlerName}`,
});
export type HeldRemovalsWorkflow = (input: HeldRemovalsInput) => Promise<{ removed: number }>;

export interface WebhookDeliveriesInput {
  webhookId: string;
  webhookName: string;
  /** By earlier executions, when it goes on as a new one. */
  delivered?: number;
}
export type WebhookDeliveriesWorkflow = (input: WebhookDeliveriesInput) => Promise<{ delivered: number }>;

/** Tells the workflow of a webhook that there is more to tell; one that is about to end begins again. */
export const WEBHOOK_NEWS = 'news';

/** How the workflow that tells a webhook is started, or told that there is more. */
export const webhookDeliveriesStart = (input: WebhookDeliveriesInput) => ({
  workflowId: webhookDeliveriesId(input.webhookId),
  workflowIdConflictPolicy: 'USE_EXISTING' as const,
  taskQueue: CONTROL_QUEUE,
  args: [input] as [WebhookDeliveriesInput],
  signal: WEBHOOK_NEWS,
  staticSummary: `Webhook: ${input.webhookName}`,
});

export interface DescribeTablesInput {
  /** By earlier executions, when it goes on as a new one. */
  described?: number;
}
export type DescribeTablesWorkflow = (input: DescribeTablesInput) => Promise<{ described: number }>;

/** Tells that workflow that there is more to describe, or that what it waits for may have come. */
export const DESCRIBE_NEWS = 'news';

/** How the workflow that has tables described is started, or told that there is more. */
export const describeTablesStart = () => ({
  workflowId: DESCRIBE_TABLES,
  workflowIdConflictPolicy: 'USE_EXISTING' as const,
  taskQueue: CONTROL_QUEUE,
  args: [{}] as [DescribeTablesInput],
  signal: DESCRIBE_NEWS,
  staticSummary: 'Have a model suggest descriptions',
});

/** Which model, and what it is told, stands in rows. */
export interface ModelTrialInput {
  trialId: string;
}

/** What a stretch of describing came to. */
export interface Described {
  /** Tables of which nothing is left to ask. */
  tables: number;
  suggestions: number;
  /** Objects of which the answer was refused. */
  refused: number;
  /** Whether there is more now, or later, or until somebody says so. */
  next: 'more' | 'later' | 'rest';
  /** Milliseconds until later. */
  waitMs: number;
}

export interface LineageEventsInput {
  /** By earlier executions, when it goes on as a new one. */
  folded?: number;
}
export type LineageEventsWorkflow = (input?: LineageEventsInput) => Promise<{ folded: number }>;

/** Tells the workflow that folds events that more of them wait; one that is about to end begins again. */
export const LINEAGE_NEWS = 'news';

export const lineageEventsStart = () => ({
  workflowId: LINEAGE_EVENTS,
  workflowIdConflictPolicy: 'USE_EXISTING' as const,
  taskQueue: CONTROL_QUEUE,
  args: [{}] as [LineageEventsInput],
  signal: LINEAGE_NEWS,
  staticSummary: 'Events of lineage',
});

export interface NarrowScopeInput {
  crawlerId: string;
  crawlerName: string;
}

/** Signal to a narrowing that databases left the scope; one that is about to end begins again. */
export const NARROWED_SIGNAL = 'narrowed';

/** Attempts at reading views before a run ends without: the next run goes on. */
export const TRACE_ATTEMPTS = 3;

/** The steps that run on the control queue. */
export interface ControlActivities {
  /** Opens the run's row and closes those that a dead execution left open. Fails for good with CRAWLER_GONE. */
  openRun(request: {
    runId: string;
    crawlerId: string;
    trigger: Trigger;
    ofRunId?: string;
    requestedBy?: string;
    workflowId: string;
    /** The first execution's, when the run went on as a new one. */
    workflowRunId: string;
    /** The execution of the schedule that began it; its id ends with the time of the plan. */
    tick?: { workflowId: string; runId: string };
  }): Promise<RunPlan>;
  /** Units not yet begun, in order, after a unit's number. */
  nextUnits(request: { runId: string; after: number; limit: number }): Promise<UnitRef[]>;
  isRunPaused(request: { runId: string }): Promise<boolean>;
  publishUnit(ref: UnitRef): Promise<UnitCounts>;
  /** Works out what publishing a unit would do, and keeps that and what it staged; the map stays as it is. */
  planUnit(ref: UnitRef): Promise<UnitCounts>;
  /** Makes a unit for each database that the run to take back changed. */
  planRevert(request: { runId: string }): Promise<{ units: number; failed: number; failures: UnitFailure[] }>;
  /** Takes back what the other run did to the unit's database. */
  revertUnit(ref: UnitRef): Promise<void>;
  /** Drops plans that nobody applied for too long; returns how many. */
  dropOldPlans(): Promise<number>;
  failUnit(request: { ref: UnitRef; failure: FailureSummary }): Promise<void>;
  /** Decides between succeeded, partial and failed from the run's units, and closes it. */
  finishRun(request: { runId: string; failure?: FailureSummary }): Promise<{
    status: 'succeeded' | 'partial' | 'failed';
    counts: Record<string, number>;
  }>;
  closeRun(request: { runId: string; status: 'stopped' | 'failed'; failure?: FailureSummary }): Promise<void>;
  /** Closes runs that are open by their rows and have no open execution, with the cause; returns how many. */
  closeLostRuns(): Promise<number>;
  recordSkippedRun(request: { crawlerId: string; runId: string }): Promise<void>;
  /**
   * Writes what waits in the outbox to the search index; returns how many entries. For a run its log hears of trouble.
   * While databases are leaving the map it goes on with what each batch of that owes, until the last has left.
   */
  drainOutbox(request: { crawlerId?: string; runId?: string; whileLeaving?: true }): Promise<number>;
  /** Reads the views that the run's databases have in another form than their edges; returns how many, and how many not. */
  traceLineage(request: { runId: string }): Promise<{ views: number; unread: number }>;
  /** Folds the events of lineage that wait, for a minute at most; returns how many, and whether some are left. */
  foldLineageEvents(): Promise<{ folded: number; remaining: boolean }>;
  /** Looks again for what is hidden by now from those whose events name it, and drops old events; returns how many rows. */
  keepLineageEvents(): Promise<number>;
  /** Ends a hold that was decided on or has expired; else tells how long it has, in milliseconds. */
  settleHeldRemovals(request: { holdId: string }): Promise<{ removed: number; waitMs: number | null }>;
  /** Sees to it that each hold which is not settled has its workflow; returns how many there are. */
  keepHeldRemovals(): Promise<number>;
  /** Deletes what was removed from the map longer ago than it can be restored; returns how many entities. */
  purgeTombstones(): Promise<number>;
  /** Sees to it that each webhook which is to be told something has its workflow; returns how many there are. */
  keepWebhooks(): Promise<number>;
  nextDelivery(request: { webhookId: string }): Promise<string | null>;
  /** Tells a webhook of one run. Fails, to be repeated, until the receiver has taken all of it. */
  deliverWebhook(request: { deliveryId: string }): Promise<void>;
  giveUpDelivery(request: { webhookId: string; deliveryId: string; failure: FailureSummary }): Promise<void>;
  /** Has a model describe tables of the queue for some minutes, or until there is none or it has to wait. */
  describeTables(): Promise<Described>;
  /** Sees to it that the describing of tables goes on where there is any; returns how many workflows that takes. */
  keepDescribing(): Promise<number>;
  /** Asks the configured model about a made-up table; the answer, or why there is none, goes to the trial's row. */
  tryModel(request: { trialId: string }): Promise<{ succeeded: boolean }>;
  /** Takes databases off the map that left a scope, of one crawler or of all; returns how many entities went. */
  retireDatabases(request?: { crawlerId: string }): Promise<number>;
  /** Ends the operation of a crawler whose databases left the map and search. */
  endNarrowing(request: { crawlerId: string }): Promise<void>;
  closeConnectionTest(request: {
    testId: string;
    status: 'failed' | 'cancelled';
    failure?: FailureSummary;
  }): Promise<void>;
  closeDatabaseListing(request: { listingId: string; failure: FailureSummary }): Promise<void>;
  closePreview(request: { previewId: string; status: 'failed' | 'cancelled'; failure?: FailureSummary }): Promise<void>;
  closeLookup(request: { lookupId: string; failure: FailureSummary }): Promise<void>;
  /** Writes what became of the tables that a run was to refresh, once it has ended, or why none began. */
  settleRefresh(request: { refreshId: string; runId: string; failure?: FailureSummary }): Promise<void>;
  /** Whether what is open of a crawler is a refresh of a few tables, which is over soon. */
  isRefreshing(request: { crawlerId: string }): Promise<boolean>;
  /** Deletes what sources were asked for people and is kept for a short time only; returns how many rows. */
  dropExpired(): Promise<number>;
  removeSchedule(request: { crawlerId: string }): Promise<void>;
  stopActiveRun(request: { crawlerId: string }): Promise<void>;
  /** Takes everything the crawler collected off the map; returns how many entities. */
  deleteCatalog(request: { crawlerId: string }): Promise<number>;
  dropCrawler(request: { crawlerId: string }): Promise<void>;
}

/** The steps that reach a source; they run on its resource group's queue. */
export interface GroupActivities {
  /** Plans a unit for each database in scope and fails those the source does not list or refuses. */
  discoverUnits(request: { runId: string }): Promise<{
    units: number;
    failed: number;
    /** The first few of those. */
    failures: UnitFailure[];
    /** Nothing was listed: the step is to be repeated at that time, in ISO format. */
    yielded?: { reason: 'quiet hours' | 'source busy'; until: string };
  }>;
  collectUnit(unit: UnitToCollect): Promise<CollectedUnit>;
  checkSource(request: ConnectionTestInput): Promise<{ passed: boolean; failure?: FailureSummary }>;
  listDatabases(request: DatabaseListingInput): Promise<{ databases: number }>;
  /** Asks a source whether it has a table; the answer goes to the lookup's row. */
  lookUpTable(request: TableLookupInput): Promise<{ found: boolean }>;
  /** Reads rows of a table for a person, and leaves them, or why there are none, in the preview's row. */
  readPreview(request: DataPreviewInput): Promise<{ rows: number; refusedAs?: string }>;
}
