/**
 * Everything the processes must agree on about Temporal: ids, queues, workflow names and the shapes that enter history.
 * Only ids, cursors and counts travel in them; table lists, credentials and driver errors never do.
 */

export const CONTROL_QUEUE = 'control';

export const groupQueue = (groupId: string): string => `rg:${groupId}`;
export const crawlId = (crawlerId: string): string => `crawl:${crawlerId}`;
export const tickId = (crawlerId: string): string => `tick:${crawlerId}`;
export const scheduleId = (crawlerId: string): string => `crawler:${crawlerId}`;
export const deleteCrawlerId = (crawlerId: string): string => `delete-crawler:${crawlerId}`;
export const connectionTestId = (testId: string): string => `connection-test:${testId}`;
export const databaseListingId = (listingId: string): string => `database-listing:${listingId}`;
/** Also the id of the schedule that starts it. */
export const SEARCH_OUTBOX = 'search-outbox';

/** Keyword search attributes; an unregistered one makes every start fail, so workers register them at boot. */
export const SEARCH_ATTRIBUTES = ['CrawlerId', 'ResourceGroup', 'Trigger'] as const;

export type Trigger = 'manual' | 'schedule' | 'retry';

export interface CrawlInput {
  crawlerId: string;
  /** A UUID made by who asks; left out by a schedule, which makes one inside the workflow. */
  runId?: string;
  trigger: Trigger;
  requestedBy?: string;
  /** Set when the run goes on as a new execution: the state is in the run's rows. */
  resume?: boolean;
}

export interface CrawlResult {
  runId: string;
  status: 'succeeded' | 'partial' | 'failed';
}

/** What openRun tells the workflow: where and how wide to run. */
export interface RunPlan {
  runId: string;
  crawlerName: string;
  resourceGroup: string;
  /** Units collected side by side. */
  lanes: number;
}

export interface UnitRef {
  runId: string;
  unit: number;
  database: string;
}

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

/** The query `progress` of a crawl: for the CLI and support; the console reads rows. */
export interface CrawlProgress {
  phase: 'opening' | 'listing' | 'collecting' | 'indexing' | 'closing';
  unitsTotal: number;
  unitsDone: number;
  /** Names of the databases being collected now. */
  collecting: string[];
}

export interface ConnectionTestInput {
  testId: string;
  dataSourceId: string;
  resourceGroup: string;
}

export interface DatabaseListingInput {
  listingId: string;
  dataSourceId: string;
  resourceGroup: string;
}

export interface DeleteCrawlerInput {
  crawlerId: string;
  requestedBy?: string;
}
