import { randomUUID } from 'node:crypto';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import {
  type ControlActivities,
  type CrawlInput,
  crawlId,
  crawlSummary,
  type GroupActivities,
  groupQueue,
  type ScheduledCrawlInput,
  searchAttributes,
  tickId,
  type UnitRef,
} from '../../workflows/contract.js';
import type { crawl } from '../../workflows/crawl.js';
import type { scheduledCrawl } from '../../workflows/scheduled-crawl.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });

export interface Stage {
  client: Client;
  /** The queue of this test's workflows; none but its own worker polls it. */
  queue: string;
  group: string;
  crawlerId: string;
  startCrawl(input?: Partial<CrawlInput>): Promise<WorkflowHandle<typeof crawl>>;
  startTick(): Promise<WorkflowHandle<typeof scheduledCrawl>>;
}

/**
 * Runs `play` on the real server beside a control worker and a worker of one resource group, both on queues of their
 * own, with the given activities. Returns when both workers have ended.
 */
export async function onStage<T>(
  activities: { control: Partial<ControlActivities>; group?: Partial<GroupActivities> },
  play: (stage: Stage) => Promise<T>,
  address: string = inject('temporal'),
): Promise<T> {
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const queue = `test-${randomUUID()}`;
  const group = `g-${randomUUID().slice(0, 8)}`;
  const control = await Worker.create({
    connection: native,
    taskQueue: queue,
    workflowBundle: { codePath: inject('workflowBundle') },
    activities: activities.control,
  });
  const groupWorker =
    activities.group === undefined
      ? undefined
      : await Worker.create({
          connection: native,
          taskQueue: groupQueue(group),
          activities: activities.group,
          maxHeartbeatThrottleInterval: '2s',
        });
  const stage = stageOf(new Client({ connection }), queue, group);
  try {
    return await control.runUntil(async () =>
      groupWorker === undefined ? play(stage) : groupWorker.runUntil(() => play(stage)),
    );
  } finally {
    await native.close();
    await connection.close();
  }
}

function stageOf(client: Client, queue: string, group: string): Stage {
  const crawlerId = randomUUID();
  const label = { crawlerName: 'shop crawler', resourceGroup: group };
  return {
    client,
    queue,
    group,
    crawlerId,
    startCrawl: (input = {}) =>
      client.workflow.start<typeof crawl>('crawl', {
        workflowId: crawlId(crawlerId),
        workflowIdConflictPolicy: 'FAIL',
        taskQueue: queue,
        args: [{ crawlerId, ...label, runId: randomUUID(), trigger: 'manual', ...input }],
        typedSearchAttributes: searchAttributes({ crawlerId, resourceGroup: group, trigger: 'manual' }),
        staticSummary: crawlSummary(label.crawlerName),
      }),
    startTick: () =>
      client.workflow.start<typeof scheduledCrawl>('scheduledCrawl', {
        workflowId: `${tickId(crawlerId)}-${randomUUID()}`,
        taskQueue: queue,
        args: [{ crawlerId, ...label } satisfies ScheduledCrawlInput],
      }),
  };
}

/** What the stubs recorded of a run, in order: enough to say what became of it. */
export interface Record {
  closed: { status: string; failure?: { code: string; message: string; remedy?: string } | undefined }[];
  failed: { database: string; code: string }[];
  published: string[];
  skipped: string[];
}

/** Control steps of a run over these databases, without a database behind them. */
export function stubControl(
  databases: readonly string[],
  options: { lanes?: number; group?: () => string } = {},
): { activities: ControlActivities; record: Record } {
  const record: Record = { closed: [], failed: [], published: [], skipped: [] };
  const units = (runId: string): UnitRef[] =>
    databases.map((database, index) => ({ runId, unit: index + 1, database }));
  const activities: ControlActivities = {
    openRun: async ({ runId }) => ({
      runId,
      crawlerName: 'shop crawler',
      resourceGroup: options.group?.() ?? '',
      lanes: options.lanes ?? 2,
    }),
    nextUnits: async ({ runId, after, limit }) =>
      units(runId)
        .filter(({ unit, database }) => unit > after && !record.failed.some((failed) => failed.database === database))
        .slice(0, limit),
    publishUnit: async ({ database }) => {
      record.published.push(database);
      return { tables: 3, added: 3, changed: 0, removed: 0, restored: 0, unchanged: 0, held: 0, problems: 0 };
    },
    failUnit: async ({ ref, failure }) => {
      record.failed.push({ database: ref.database, code: failure.code });
    },
    finishRun: async ({ failure }) => {
      const status =
        record.failed.length === 0 ? 'succeeded' : record.published.length === 0 ? 'failed' : ('partial' as const);
      record.closed.push({ status, failure });
      return { status, counts: { tables: 3 * record.published.length } };
    },
    closeRun: async ({ status, failure }) => {
      record.closed.push({ status, failure });
    },
    recordSkippedRun: async ({ runId }) => {
      record.skipped.push(runId);
    },
    drainOutbox: async () => 0,
    retireDatabases: async () => 0,
    closeConnectionTest: async ({ status, failure }) => {
      record.closed.push({ status, failure });
    },
    closeDatabaseListing: async ({ failure }) => {
      record.closed.push({ status: 'failed', failure });
    },
    removeSchedule: async () => undefined,
    stopActiveRun: async () => undefined,
    deleteCatalog: async () => 12,
    dropCrawler: async () => undefined,
  };
  return { activities, record };
}

/** Group steps that find every database and collect each at once. */
export function stubGroup(databases: readonly string[]): GroupActivities {
  return {
    discoverUnits: async () => ({ units: databases.length, failed: 0, failures: [] }),
    collectUnit: async () => ({ tables: 3, changed: 3 }),
    checkSource: async () => ({ passed: true }),
    listDatabases: async () => ({ databases: databases.length }),
  };
}
