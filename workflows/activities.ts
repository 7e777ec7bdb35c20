import { ActivityCancellationType, type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import { type ControlActivities, type GroupActivities, groupQueue, TRACE_ATTEMPTS } from './contract.js';

/**
 * Every activity a workflow calls, with its limits. The number of attempts is bounded by time and not by count where
 * work is long: each deploy and each lost worker takes an attempt. What no retry can mend comes as a failure that says so.
 *
 * The cancellation type is written out although the SDK documents it as the default: left out, a workflow closes while
 * its activity still runs, and "stopped" would not mean stopped.
 */
const WAIT = { cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED } as const;

const TINY: ActivityOptions = {
  ...WAIT,
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
};
const CONNECT: ActivityOptions = {
  ...WAIT,
  startToCloseTimeout: '10m',
  scheduleToCloseTimeout: '1h',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '2m' },
};
const COLLECT: ActivityOptions = {
  ...WAIT,
  startToCloseTimeout: '6h',
  scheduleToCloseTimeout: '24h',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '10s', backoffCoefficient: 2, maximumInterval: '5m' },
};
const PUBLISH: ActivityOptions = {
  ...WAIT,
  startToCloseTimeout: '1h',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
};
const INDEX: ActivityOptions = {
  ...WAIT,
  startToCloseTimeout: '10m',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
};
/** Others' servers, which may be away for long: a day of trying, at the end each hour. */
const DELIVER: ActivityOptions = {
  ...WAIT,
  startToCloseTimeout: '30m',
  scheduleToCloseTimeout: '24h',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '1h' },
};
/** It ends by itself after some minutes. Failures of the model are rows, so what fails here is of our own servers. */
const DESCRIBE: ActivityOptions = {
  ...WAIT,
  startToCloseTimeout: '1h',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
};
/** A person waits for it: one attempt, and a group without a worker is told within seconds instead of waited for. */
const WHILE_SOMEONE_WAITS: ActivityOptions = {
  ...WAIT,
  startToCloseTimeout: '5m',
  scheduleToStartTimeout: '20s',
  heartbeatTimeout: '30s',
  retry: { maximumAttempts: 1 },
};

type Tiny = Pick<
  ControlActivities,
  | 'openRun'
  | 'nextUnits'
  | 'planRevert'
  | 'isRunPaused'
  | 'failUnit'
  | 'finishRun'
  | 'closeRun'
  | 'recordSkippedRun'
  | 'closeConnectionTest'
  | 'keepHeldRemovals'
  | 'keepWebhooks'
  | 'nextDelivery'
  | 'giveUpDelivery'
  | 'keepDescribing'
  | 'closeDatabaseListing'
  | 'closePreview'
  | 'settleRefresh'
  | 'closeLookup'
  | 'isRefreshing'
  | 'removeSchedule'
  | 'endNarrowing'
>;

/** Steps of a few statements. */
export const control = (summary: string): Tiny => proxyActivities<Tiny>({ ...TINY, summary });

export const connecting = (group: string, summary: string): Pick<GroupActivities, 'discoverUnits'> =>
  proxyActivities<Pick<GroupActivities, 'discoverUnits'>>({ ...CONNECT, summary, taskQueue: groupQueue(group) });

/** @param crawlerId shares a busy group's slots fairly between crawlers, where the server is set up for it */
export const collecting = (group: string, crawlerId: string, summary: string): Pick<GroupActivities, 'collectUnit'> =>
  proxyActivities<Pick<GroupActivities, 'collectUnit'>>({
    ...COLLECT,
    summary,
    taskQueue: groupQueue(group),
    priority: { fairnessKey: crawlerId },
  });

type InBatches = Pick<
  ControlActivities,
  | 'publishUnit'
  | 'retireDatabases'
  | 'purgeTombstones'
  | 'settleHeldRemovals'
  | 'planUnit'
  | 'revertUnit'
  | 'dropOldPlans'
  | 'dropExpired'
  | 'closeLostRuns'
  | 'foldLineageEvents'
  | 'keepLineageEvents'
  | 'stopActiveRun'
  | 'deleteCatalog'
  | 'dropCrawler'
>;

/** Steps that go on batch by batch until they are through, however long our own servers are away. */
export const inBatches = (summary: string): InBatches => proxyActivities<InBatches>({ ...PUBLISH, summary });

type Deliver = Pick<ControlActivities, 'deliverWebhook'>;

export const delivering = (summary: string): Deliver => proxyActivities<Deliver>({ ...DELIVER, summary });

type Describe = Pick<ControlActivities, 'describeTables'>;

export const describing = (summary: string): Describe => proxyActivities<Describe>({ ...DESCRIBE, summary });

type TryModel = Pick<ControlActivities, 'tryModel'>;

export const tryingModel = (summary: string): TryModel =>
  proxyActivities<TryModel>({ ...WHILE_SOMEONE_WAITS, summary });

type Index = Pick<ControlActivities, 'drainOutbox'>;

export const indexing = (summary: string): Index => proxyActivities<Index>({ ...INDEX, summary });

/** As `indexing`, but gives up soon: the outbox keeps what is not indexed and its schedule goes on from there. */
export const indexingOnce = (summary: string): Index =>
  proxyActivities<Index>({ ...INDEX, retry: { ...INDEX.retry, maximumAttempts: 3 }, summary });

type Trace = Pick<ControlActivities, 'traceLineage'>;

/** Gives up soon: what is not read is read by the next run. */
export const tracingOnce = (summary: string): Trace =>
  proxyActivities<Trace>({ ...PUBLISH, retry: { ...PUBLISH.retry, maximumAttempts: TRACE_ATTEMPTS }, summary });

type Asked = Pick<GroupActivities, 'checkSource' | 'listDatabases' | 'readPreview' | 'lookUpTable'>;

export const whileSomeoneWaits = (group: string, summary: string): Asked =>
  proxyActivities<Asked>({ ...WHILE_SOMEONE_WAITS, summary, taskQueue: groupQueue(group) });
