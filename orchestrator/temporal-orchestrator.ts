import {
  Client,
  Connection,
  defaultGrpcRetryOptions,
  isGrpcCancelledError,
  isGrpcDeadlineError,
  makeGrpcRetryInterceptor,
  ScheduleOverlapPolicy,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import {
  CONTROL_QUEUE,
  type ConnectionTestInput,
  CRAWL_TIMEOUT,
  type CrawlInput,
  connectionTestId,
  crawlId,
  crawlSummary,
  type DatabaseListingInput,
  type DataPreviewInput,
  type DeleteCrawlerInput,
  type DescribeTablesWorkflow,
  databaseListingId,
  dataPreviewId,
  deleteCrawlerId,
  describeTablesStart,
  type HeldRemovalsWorkflow,
  HOLD_DECIDED,
  heldRemovalsStart,
  type LineageEventsWorkflow,
  lineageEventsStart,
  type ModelTrialInput,
  modelTrialId,
  NARROWED_SIGNAL,
  type NarrowScopeInput,
  narrowScopeId,
  PAUSE_SIGNAL,
  RESUME_SIGNAL,
  SEARCH_OUTBOX,
  scheduleId,
  searchAttributes,
  type TableLookupInput,
  type TableRefreshInput,
  tableLookupId,
  tableRefreshId,
  type WebhookDeliveriesWorkflow,
  webhookDeliveriesStart,
} from '../workflows/contract.js';
import { applySchedule, describeSchedule, removeSchedule } from './apply-schedule.js';
import { crawlerSchedule } from './desired-schedule.js';
import { type Orchestrator, OrchestratorUnavailable } from './port.js';
import { previewPlan } from './preview-plan.js';
import { reconcileSchedules } from './reconcile.js';
import type { TemporalAddress } from './temporal-address.js';
import { waitingSteps } from './waiting-steps.js';
import { withinDeadline } from './within-deadline.js';

/** A person waits for each call, except for the reconcile. Milliseconds. */
const DEADLINE = { call: 3_000, health: 2_000, reconcile: 55_000 };
/** Times shown of a plan. */
const PREVIEWED = 5;

/**
 * The orchestrator on Temporal. Connects with the first call and not before, so that the API starts without a server
 * and answers what it can.
 */
export function createOrchestrator(address: TemporalAddress): Orchestrator {
  const connection = Connection.lazy({
    ...address.connection,
    // A server that is away is said after half a second, not after the whole deadline; the client's own ten attempts take that.
    interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions({ maxAttempts: 3 }))],
  });
  const client = new Client({ connection, namespace: address.namespace });
  const ask = <T>(call: () => Promise<T>, milliseconds: number = DEADLINE.call) =>
    withinDeadline(connection, milliseconds, call);
  return {
    startCrawl: ({ crawlerId, crawlerName, resourceGroup, runId, trigger, ofRunId, requestedBy }) =>
      ask(async () => {
        try {
          await client.workflow.start<(input: CrawlInput) => Promise<unknown>>('crawl', {
            workflowId: crawlId(crawlerId),
            workflowIdConflictPolicy: 'FAIL',
            workflowIdReusePolicy: 'ALLOW_DUPLICATE',
            taskQueue: CONTROL_QUEUE,
            workflowExecutionTimeout: CRAWL_TIMEOUT,
            args: [
              {
                crawlerId,
                crawlerName,
                resourceGroup,
                runId,
                trigger,
                ...(ofRunId === undefined ? {} : { ofRunId }),
                ...(requestedBy === undefined ? {} : { requestedBy }),
              },
            ],
            typedSearchAttributes: searchAttributes({ crawlerId, resourceGroup, trigger }),
            staticSummary: crawlSummary(crawlerName),
          });
          return { started: true as const };
        } catch (error) {
          if (error instanceof WorkflowExecutionAlreadyStartedError) return { started: false as const };
          throw error;
        }
      }),
    untilNoCrawl: async (crawlerId, waitMs) => {
      const handle = client.workflow.getHandle(crawlId(crawlerId));
      await untilClosed(() => ask(() => handle.result(), waitMs));
      return ask(() => firstIdIfOpen(handle));
    },
    wakeCrawl: (crawlerId, because) =>
      ask(() =>
        ifOpen(async () => {
          const signal = because === 'paused' ? PAUSE_SIGNAL : RESUME_SIGNAL;
          await client.workflow.getHandle(crawlId(crawlerId)).signal(signal);
          return true;
        }),
      ),
    stopCrawl: (crawlerId) => ask(() => cancelIfOpen(client, crawlId(crawlerId))),
    terminateCrawl: (crawlerId, reason, workflowRunId) =>
      ask(() =>
        ifOpen(async () => {
          const only = workflowRunId === undefined ? {} : { firstExecutionRunId: workflowRunId };
          await client.workflow.getHandle(crawlId(crawlerId), undefined, only).terminate(reason);
          return true;
        }),
      ),
    waitingSteps: (crawlerId) =>
      ask(async () => {
        try {
          const { raw, status } = await client.workflow.getHandle(crawlId(crawlerId)).describe();
          return status.name === 'RUNNING' ? waitingSteps(raw.pendingActivities ?? []) : [];
        } catch (error) {
          if (error instanceof WorkflowNotFoundError) return [];
          throw error;
        }
      }),
    applySchedule: (crawler) =>
      ask(async () => {
        const desired = crawlerSchedule(crawler);
        if (desired === undefined) await removeSchedule(client, scheduleId(crawler.id));
        else await applySchedule(client, desired);
      }),
    removeSchedule: (crawlerId) =>
      ask(async () => {
        await removeSchedule(client, scheduleId(crawlerId));
      }),
    nextRuns: (crawlerId) =>
      ask(async () => {
        const found = await describeSchedule(client, scheduleId(crawlerId));
        return found === undefined || found.state.paused ? [] : found.info.nextActionTimes;
      }),
    previewPlan: async (plan) => (plan.mode === 'manual' ? [] : ask(() => previewPlan(client, plan, PREVIEWED))),
    startConnectionTest: (request) =>
      ask(async () => {
        await client.workflow.start<(input: ConnectionTestInput) => Promise<unknown>>('connectionTest', {
          workflowId: connectionTestId(request.testId),
          taskQueue: CONTROL_QUEUE,
          workflowExecutionTimeout: '15m',
          args: [request],
          typedSearchAttributes: searchAttributes(request),
          staticSummary: `Test connection: ${request.dataSourceName}`,
        });
      }),
    cancelConnectionTest: (testId) => ask(() => cancelIfOpen(client, connectionTestId(testId))),
    listDatabases: async ({ waitMs, ...request }) => {
      const handle = await ask(() =>
        client.workflow.start<(input: DatabaseListingInput) => Promise<unknown>>('databaseListing', {
          workflowId: databaseListingId(request.listingId),
          taskQueue: CONTROL_QUEUE,
          workflowExecutionTimeout: '15m',
          args: [request],
          typedSearchAttributes: searchAttributes(request),
          staticSummary: `List databases: ${request.dataSourceName}`,
        }),
      );
      await untilClosed(() => ask(() => handle.result(), waitMs));
    },
    startPreview: (request) =>
      ask(async () => {
        await client.workflow.start<(input: DataPreviewInput) => Promise<unknown>>('dataPreview', {
          workflowId: dataPreviewId(request.previewId),
          taskQueue: CONTROL_QUEUE,
          workflowExecutionTimeout: '15m',
          args: [request],
          typedSearchAttributes: searchAttributes(request),
          staticSummary: `Preview of a table: ${request.dataSourceName}`,
        });
      }),
    cancelPreview: (previewId) => ask(() => cancelIfOpen(client, dataPreviewId(previewId))),
    lookUpTable: async ({ waitMs, ...request }) => {
      const handle = await ask(() =>
        client.workflow.start<(input: TableLookupInput) => Promise<unknown>>('tableLookup', {
          workflowId: tableLookupId(request.lookupId),
          taskQueue: CONTROL_QUEUE,
          workflowExecutionTimeout: '15m',
          args: [request],
          typedSearchAttributes: searchAttributes(request),
          staticSummary: `Look for a table: ${request.dataSourceName}`,
        }),
      );
      await untilClosed(() => ask(() => handle.result(), waitMs));
    },
    startRefresh: (request) =>
      ask(async () => {
        await client.workflow.start<(input: TableRefreshInput) => Promise<unknown>>('refreshTables', {
          workflowId: tableRefreshId(request.refreshId),
          taskQueue: CONTROL_QUEUE,
          workflowExecutionTimeout: '2h',
          args: [request],
          typedSearchAttributes: searchAttributes({ trigger: 'refresh' }),
          staticSummary: `Refresh tables: ${request.crawlers.map(({ crawlerName }) => crawlerName).join(', ')}`.slice(
            0,
            200,
          ),
        });
      }),
    tellWebhook: (request) =>
      ask(async () => {
        await client.workflow.signalWithStart<WebhookDeliveriesWorkflow>(
          'webhookDeliveries',
          webhookDeliveriesStart(request),
        );
      }),
    describeTables: () =>
      ask(async () => {
        await client.workflow.signalWithStart<DescribeTablesWorkflow>('describeTables', describeTablesStart());
      }),
    tryModel: async ({ trialId, waitMs }) => {
      const handle = await ask(() =>
        client.workflow.start<(input: ModelTrialInput) => Promise<unknown>>('modelTrial', {
          workflowId: modelTrialId(trialId),
          taskQueue: CONTROL_QUEUE,
          workflowExecutionTimeout: '15m',
          args: [{ trialId }],
          staticSummary: 'Try the model for descriptions out',
        }),
      );
      await untilClosed(() => ask(() => handle.result(), waitMs));
    },
    foldLineageEvents: () =>
      ask(async () => {
        await client.workflow.signalWithStart<LineageEventsWorkflow>('lineageEvents', lineageEventsStart());
      }),
    bringSearchUpToDate: () =>
      ask(() => client.schedule.getHandle(SEARCH_OUTBOX).trigger(ScheduleOverlapPolicy.BUFFER_ONE)),
    settleHeldRemovals: (hold) =>
      ask(async () => {
        await client.workflow.signalWithStart<HeldRemovalsWorkflow>('heldRemovals', {
          ...heldRemovalsStart(hold),
          signal: HOLD_DECIDED,
        });
      }),
    narrowScope: ({ crawlerId, crawlerName }) =>
      ask(async () => {
        // With a signal: an execution that is just about to end goes round once more instead.
        await client.workflow.signalWithStart<(input: NarrowScopeInput) => Promise<unknown>>('narrowScope', {
          workflowId: narrowScopeId(crawlerId),
          taskQueue: CONTROL_QUEUE,
          args: [{ crawlerId, crawlerName }],
          signal: NARROWED_SIGNAL,
          typedSearchAttributes: searchAttributes({ crawlerId }),
          staticSummary: `Narrow the scope of ${crawlerName}`,
        });
      }),
    deleteCrawler: ({ crawlerId, crawlerName, requestedBy }) =>
      ask(async () => {
        await client.workflow.start<(input: DeleteCrawlerInput) => Promise<unknown>>('deleteCrawler', {
          workflowId: deleteCrawlerId(crawlerId),
          workflowIdConflictPolicy: 'USE_EXISTING',
          taskQueue: CONTROL_QUEUE,
          args: [{ crawlerId, crawlerName, ...(requestedBy === undefined ? {} : { requestedBy }) }],
          typedSearchAttributes: searchAttributes({ crawlerId }),
          staticSummary: `Delete crawler: ${crawlerName}`,
        });
      }),
    reconcile: (load) => ask(() => reconcileSchedules(client, load), DEADLINE.reconcile),
    health: async () => {
      try {
        await ask(
          () => connection.workflowService.describeNamespace({ namespace: address.namespace }),
          DEADLINE.health,
        );
        return { ok: true };
      } catch (error) {
        return { ok: false, reason: error instanceof Error ? error.message : String(error) };
      }
    },
    close: () => connection.close(),
  };
}

/** The server accepts the cancellation of an execution that closed, so whether it is open is asked first. */
function cancelIfOpen(client: Client, workflowId: string): Promise<boolean> {
  return ifOpen(async () => {
    const handle = client.workflow.getHandle(workflowId);
    if ((await handle.describe()).status.name !== 'RUNNING') return false;
    await handle.cancel();
    return true;
  });
}

/** False when there never was such an execution, or none is left. */
async function ifOpen(call: () => Promise<boolean>): Promise<boolean> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** The id of an open execution's first one, before it went on as new. */
async function firstIdIfOpen(handle: WorkflowHandle): Promise<string | undefined> {
  try {
    const { raw, runId, status } = await handle.describe();
    return status.name === 'RUNNING' ? (raw.workflowExecutionInfo?.firstRunId ?? runId) : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** Waits for an execution's end, however it ends: its row tells how. Running out of time is no error either. */
async function untilClosed(wait: () => Promise<unknown>): Promise<void> {
  try {
    await wait();
  } catch (error) {
    if (error instanceof WorkflowFailedError || error instanceof WorkflowNotFoundError) return;
    if (
      error instanceof OrchestratorUnavailable &&
      (isGrpcDeadlineError(error.cause) || isGrpcCancelledError(error.cause))
    )
      return;
    throw error;
  }
}
