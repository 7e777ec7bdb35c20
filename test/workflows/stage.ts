import { randomUUID } from 'node:crypto';
import { Client, Connection, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
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
} from '../../workflows/contract.js';
import type { crawl } from '../../workflows/crawl.js';
import type { scheduledCrawl } from '../../workflows/scheduled-crawl.js';

/** In saved histories and on screens, instead of this process's and this machine's names. */
const IDENTITY = 'datamap';

export interface Stage {
  client: Client;
  /** The queue of this test's workflows; none but its own worker polls it. */
  queue: string;
  group: string;
  crawlerId: string;
  startCrawl(input?: Partial<CrawlInput>): Promise<WorkflowHandleWithFirstExecutionRunId<typeof crawl>>;
  startTick(): Promise<WorkflowHandleWithFirstExecutionRunId<typeof scheduledCrawl>>;
}

/**
 * Runs `play` on the real server beside a control worker and a worker of one resource group, both on queues of their
 * own, with the given activities. Returns when both workers have ended.
 */
export async function playOn<T>(
  activities: { control: Partial<ControlActivities>; group?: Partial<GroupActivities> },
  play: (stage: Stage) => Promise<T>,
  { address, workflowBundle }: { address: string; workflowBundle: string },
): Promise<T> {
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const queue = `test-${randomUUID()}`;
  const group = `g-${randomUUID().slice(0, 8)}`;
  const control = await Worker.create({
    connection: native,
    taskQueue: queue,
    identity: IDENTITY,
    workflowBundle: { codePath: workflowBundle },
    activities: activities.control,
  });
  const groupWorker =
    activities.group === undefined
      ? undefined
      : await Worker.create({
          connection: native,
          taskQueue: groupQueue(group),
          identity: IDENTITY,
          activities: activities.group,
          maxHeartbeatThrottleInterval: '2s',
        });
  const stage = stageOf(new Client({ connection, identity: IDENTITY }), queue, group);
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
