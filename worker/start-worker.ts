import type { Duration } from '@temporalio/common';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { ActivityContext } from '../activities/context.js';
import { createControlActivities, createGroupActivities } from '../activities/index.js';
import { StatementReader } from '../lineage/processes/statement-reader.js';
import { countNeighbours } from '../lineage/store/count-neighbours.js';
import { CONTROL_QUEUE, groupQueue } from '../workflows/contract.js';
import { type GroupCapacity, GroupWorkers } from './group-workers.js';
import { serveGroups } from './groups.js';
import type { WorkerHealth } from './health.js';
import { repeat } from './repeat.js';
import { workflowCode } from './workflow-bundle.js';

/**
 * A stop is heard in the answer to a heartbeat, and heartbeats are held back to the shorter of this and 0.8 of their
 * timeout; left alone, it would be heard after 24 seconds.
 */
const HEARTBEAT_THROTTLE = '2s';
/** Control steps of all runs side by side; they are short, or wait for our own database. */
const CONTROL_SLOTS = 40;
/** How long changes of lineage wait to be counted beside the edges, which no answer waits for. Milliseconds. */
const COUNT_EVERY = 1_000;

export interface RunningWorker {
  health(): WorkerHealth;
  /** Rejects when a worker ends by itself. Never resolves before `stop`. */
  failed: Promise<never>;
  /** Takes no new work, gives running steps 20 seconds, aborts what is left, and returns when all has ended. */
  stop(): Promise<void>;
}

/** Starts polling: the control queue, and a queue for each resource group served. */
export async function startWorker(options: {
  connection: NativeConnection;
  namespace: string;
  context: ActivityContext;
  roles: { control: boolean; groups: boolean };
  resourceGroups: ReadonlySet<string> | undefined;
  log: Logger;
  /** Where the workflows are, when not where this build has them. */
  workflows?: Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'>;
  intervals?: { poll: number; beat: number };
  /** How long running steps may go on once the worker is told to end, before they are aborted. */
  graceTime?: Duration;
}): Promise<RunningWorker> {
  const { connection, namespace, context, roles, log } = options;
  const shared = {
    connection,
    namespace,
    identity: context.worker.id,
    maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
    shutdownGraceTime: options.graceTime ?? '20s',
    shutdownForceTime: '60s',
  } satisfies Partial<WorkerOptions>;
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);

  const reader = new StatementReader();
  const control = roles.control
    ? await Worker.create({
        ...shared,
        taskQueue: CONTROL_QUEUE,
        ...(options.workflows ?? workflowCode()),
        activities: createControlActivities(context, reader),
        maxConcurrentActivityTaskExecutions: CONTROL_SLOTS,
      })
    : undefined;
  const controlEnded = control?.run().catch(fail);
  const counting = roles.control
    ? repeat(
        (signal) => countNeighbours(context.database, signal),
        COUNT_EVERY,
        log,
        'Neighbours in the lineage could not be counted, which makes reading it slower',
      )
    : undefined;
  const groupActivities = createGroupActivities(context);
  const groups = new GroupWorkers(
    ({ id, slots }: GroupCapacity) =>
      Worker.create({
        ...shared,
        taskQueue: groupQueue(id),
        activities: groupActivities,
        maxConcurrentActivityTaskExecutions: slots,
      }),
    log,
    fail,
  );
  const serving = roles.groups
    ? serveGroups({
        database: context.database,
        workers: groups,
        worker: context.worker,
        only: options.resourceGroups,
        log,
        ...(options.intervals === undefined ? {} : { intervals: options.intervals }),
      })
    : undefined;
  return {
    health: () => {
      const workers = [
        ...(control === undefined ? [] : [{ queue: CONTROL_QUEUE, state: control.getState() }]),
        ...groups.states(),
      ];
      return { ok: workers.length > 0 && workers.every(({ state }) => state === 'RUNNING'), workers };
    },
    failed,
    stop: async () => {
      // Groups first: what they finish while they drain still finds the control queue served.
      await serving?.stop();
      if (control?.getState() === 'RUNNING') control.shutdown();
      await controlEnded;
      await counting?.stop();
      await reader.close();
    },
  };
}
