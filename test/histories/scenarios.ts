import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { connectionTest } from '../../workflows/connection-test.js';
import {
  type ControlActivities,
  connectionTestId,
  crawlId,
  databaseListingId,
  DESCRIBE_NEWS,
  dataPreviewId,
  deleteCrawlerId,
  type Described,
  type GroupActivities,
  LINEAGE_EVENTS,
  type LineageEventsWorkflow,
  lineageEventsStart,
  NARROWED_SIGNAL,
  modelTrialId,
  narrowScopeId,
  RESUME_SIGNAL,
  webhookDeliveriesId,
  webhookDeliveriesStart,
  HOLD_DECIDED,
  heldRemovalsId,
  heldRemovalsStart,
  tableRefreshId,
} from '../../workflows/contract.js';
import type { dataPreview } from '../../workflows/data-preview.js';
import type { databaseListing } from '../../workflows/database-listing.js';
import type { deleteCrawler } from '../../workflows/delete-crawler.js';
import type { describeTables } from '../../workflows/describe-tables.js';
import type { drainSearchOutbox } from '../../workflows/drain-search-outbox.js';
import type { heldRemovals } from '../../workflows/held-removals.js';
import type { modelTrial } from '../../workflows/model-trial.js';
import type { narrowScope } from '../../workflows/narrow-scope.js';
import type { refreshTables } from '../../workflows/refresh-tables.js';
import type { webhookDeliveries } from '../../workflows/webhook-deliveries.js';
import { playOn, type Stage } from '../workflows/stage.js';
import { stubControl, stubGroup } from '../workflows/stub-activities.js';

/** An execution to save: by workflow id, and by run id where an id has several. */
export interface Recorded {
  workflowId: string;
  runId?: string;
}

interface Scenario {
  databases: string[];
  control?: Partial<ControlActivities>;
  group?: Partial<GroupActivities>;
  /** Plays it to its end and names the executions to save, by file name. */
  play(stage: Stage): Promise<Record<string, Recorded>>;
}

const refused = () =>
  ApplicationFailure.create({
    type: 'PERMISSION_DENIED',
    message: 'The account datamap may not connect to hr',
    nonRetryable: true,
    details: [{ remedy: 'GRANT CONNECT ON DATABASE hr TO datamap;' }],
  });

/** Collects until it is cancelled. */
async function collectForever(): Promise<{ tables: number; changed: number }> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), 200);
  return context.cancelled.finally(() => clearInterval(timer));
}

const theCrawl = ({ crawlerId }: Stage): Recorded => ({ workflowId: crawlId(crawlerId) });

/** Starts the stage's crawl and waits until it ends, however it ends. */
async function crawlToItsEnd(stage: Stage): Promise<void> {
  await (await stage.startCrawl()).result().catch(() => undefined);
}

/** Says once that the run is paused, and then no longer. */
function pausedOnce(): Partial<ControlActivities> {
  let asked = 0;
  return {
    isRunPaused: async () => {
      asked += 1;
      return asked === 1;
    },
  };
}

/** Has two runs to tell of: the first is taken, the second is not, however often. */
function webhookThatGivesUp(): Partial<ControlActivities> {
  const waiting = ['1', '2'];
  return {
    nextDelivery: async () => waiting[0] ?? null,
    deliverWebhook: async () => {
      if (waiting[0] === '2') throw refused();
      waiting.shift();
    },
    giveUpDelivery: async () => {
      waiting.shift();
    },
  };
}

/** Describes some tables, waits twice, once for longer than anybody would, and is through. */
function describingThatWaits(): Partial<ControlActivities> {
  const stretches: Described['next'][] = ['more', 'later', 'later', 'rest'];
  let made = 0;
  return {
    describeTables: async () => {
      const next = stretches[made] ?? 'rest';
      made += 1;
      return { tables: 2, suggestions: 5, refused: 1, next, waitMs: made === 2 ? 500 : 86_400_000 };
    },
  };
}

/** More events of lineage than one step folds. */
function foldedInParts(): Partial<ControlActivities> {
  let parts = 0;
  return {
    foldLineageEvents: async () => {
      parts += 1;
      return { folded: 3, remaining: parts === 1 };
    },
  };
}

/** A source that is in its quiet hours when it is to be listed, and again when it is to be read; each for a moment. */
function quietTwice(): Partial<GroupActivities> {
  const quiet = () => ({ reason: 'quiet hours', until: new Date(Date.now() + 1_000).toISOString() }) as const;
  let listings = 0;
  return {
    discoverUnits: async () => {
      listings += 1;
      return listings === 1
        ? { units: 0, failed: 0, failures: [], yielded: quiet() }
        : { units: 1, failed: 0, failures: [] };
    },
    collectUnit: async ({ attemptsBefore }) =>
      attemptsBefore === undefined
        ? { tables: 1, changed: 1, yielded: { ...quiet(), attempts: 1 } }
        : { tables: 3, changed: 3 },
  };
}

/** Waits until the workflow waits for a timer or a signal, for the so-manieth time. */
async function untilTimer(handle: { fetchHistory(): Promise<{ events?: unknown }> }, times = 1): Promise<void> {
  for (;;) {
    const { events } = (await handle.fetchHistory()) as { events?: { timerStartedEventAttributes?: unknown }[] };
    const timers = events?.filter(({ timerStartedEventAttributes: timer }) => timer != null) ?? [];
    if (timers.length >= times) return;
    await delay(50);
  }
}

/** Every path that a change of a workflow must still be able to replay. */
export const scenarios: Scenario[] = [
  {
    databases: ['shop'],
    group: {
      collectUnit: async ({ attemptsBefore }) =>
        attemptsBefore === undefined
          ? { tables: 1, changed: 1, yielded: { reason: 'paused', attempts: 1 } }
          : { tables: 3, changed: 3 },
    },
    control: pausedOnce(),
    play: async (stage) => {
      const handle = await stage.startCrawl();
      await untilTimer(handle);
      await handle.signal(RESUME_SIGNAL);
      await handle.result();
      return { 'crawl-that-was-paused': theCrawl(stage) };
    },
  },
  {
    databases: ['shop'],
    group: quietTwice(),
    play: async (stage) => {
      await crawlToItsEnd(stage);
      return { 'crawl-that-rested-in-quiet-hours': theCrawl(stage) };
    },
  },
  {
    databases: ['shop'],
    control: {
      openRun: async ({ runId }) => ({ runId, crawlerName: '', resourceGroup: '', lanes: 0, skipped: true }),
    },
    play: async (stage) => {
      const tick = await stage.startTick();
      await tick.result();
      return {
        'tick-in-quiet-hours': { workflowId: tick.workflowId },
        'crawl-skipped-in-quiet-hours': theCrawl(stage),
      };
    },
  },
  {
    databases: ['shop'],
    play: async (stage) => {
      await crawlToItsEnd(stage);
      return { 'crawl-of-one-database': theCrawl(stage) };
    },
  },
  {
    databases: ['shop'],
    play: async (stage) => {
      await crawlToItsEnd(stage);
      return { 'crawl-that-traced-lineage': theCrawl(stage) };
    },
  },
  {
    databases: ['hr', 'sales', 'shop'],
    group: {
      collectUnit: async ({ database }) => {
        if (database === 'hr') throw refused();
        return { tables: 3, changed: 3 };
      },
    },
    play: async (stage) => {
      await crawlToItsEnd(stage);
      return { 'crawl-with-a-failed-unit': theCrawl(stage) };
    },
  },
  {
    databases: ['shop'],
    group: {
      discoverUnits: async () => {
        throw refused();
      },
    },
    play: async (stage) => {
      await crawlToItsEnd(stage);
      return { 'crawl-refused-by-its-source': theCrawl(stage) };
    },
  },
  {
    databases: ['sales', 'shop'],
    group: { collectUnit: collectForever },
    play: async (stage) => {
      const handle = await stage.startCrawl();
      await delay(1_500);
      await handle.cancel();
      await handle.result().catch(() => undefined);
      return { 'crawl-that-was-stopped': theCrawl(stage) };
    },
  },
  {
    databases: Array.from({ length: 130 }, (_, index) => `d${String(index).padStart(3, '0')}`),
    play: async (stage) => {
      const handle = await stage.startCrawl();
      const first = handle.firstExecutionRunId;
      await handle.result();
      return {
        'crawl-that-goes-on-as-new': { ...theCrawl(stage), runId: first },
        'crawl-that-went-on-as-new': theCrawl(stage),
      };
    },
  },
  {
    databases: ['shop'],
    play: async (stage) => {
      const first = randomUUID();
      const runOf = async (trigger: 'plan' | 'apply' | 'revert', runId: string = randomUUID()): Promise<Recorded> => {
        const handle = await stage.startCrawl({ trigger, runId, ...(trigger === 'plan' ? {} : { ofRunId: first }) });
        await handle.result();
        return { ...theCrawl(stage), runId: handle.firstExecutionRunId };
      };
      return {
        'crawl-that-planned': await runOf('plan', first),
        'crawl-that-applied-a-plan': await runOf('apply'),
        'crawl-that-reverted': await runOf('revert'),
      };
    },
  },
  {
    databases: ['shop'],
    play: async (stage) => {
      const tick = await stage.startTick();
      await tick.result();
      return { 'tick-that-ran': { workflowId: tick.workflowId } };
    },
  },
  {
    databases: ['shop'],
    group: { collectUnit: collectForever },
    play: async ({ client, queue, group, crawlerId, ...stage }) => {
      const open = await stage.startCrawl();
      const refreshId = randomUUID();
      const label = { crawlerName: 'shop crawler', resourceGroup: group };
      const refresh = await client.workflow.start<typeof refreshTables>('refreshTables', {
        workflowId: tableRefreshId(refreshId),
        taskQueue: queue,
        args: [{ refreshId, requestedBy: randomUUID(), crawlers: [{ crawlerId, runId: randomUUID(), ...label }] }],
      });
      await untilTimer(refresh);
      await open.cancel();
      await open.result().catch(() => undefined);
      // The child collects for ever too, until it is asked to end.
      await delay(4_000);
      await client.workflow.getHandle(crawlId(crawlerId)).cancel();
      await refresh.result();
      return { 'refresh-that-waited-for-a-run': { workflowId: tableRefreshId(refreshId) } };
    },
  },
  {
    databases: ['shop'],
    play: async ({ client, queue, group, crawlerId }) => {
      const refreshId = randomUUID();
      const label = { crawlerName: 'shop crawler', resourceGroup: group };
      await client.workflow.execute<typeof refreshTables>('refreshTables', {
        workflowId: tableRefreshId(refreshId),
        taskQueue: queue,
        args: [{ refreshId, requestedBy: randomUUID(), crawlers: [{ crawlerId, runId: randomUUID(), ...label }] }],
      });
      return {
        'refresh-of-tables': { workflowId: tableRefreshId(refreshId) },
        'crawl-of-named-tables': { workflowId: crawlId(crawlerId) },
      };
    },
  },
  {
    databases: ['shop'],
    group: { collectUnit: collectForever },
    play: async (stage) => {
      const manual = await stage.startCrawl();
      const tick = await stage.startTick();
      await tick.result();
      await manual.cancel();
      await manual.result().catch(() => undefined);
      return { 'tick-that-was-skipped': { workflowId: tick.workflowId } };
    },
  },
  {
    databases: [],
    play: async ({ client, queue, group, crawlerId }) => {
      const source = { dataSourceId: randomUUID(), dataSourceName: 'shop db', resourceGroup: group };
      const testId = randomUUID();
      const listingId = randomUUID();
      const holdId = randomUUID();
      const previewId = randomUUID();
      const ids = {
        deletion: deleteCrawlerId(crawlerId),
        narrowing: narrowScopeId(crawlerId),
        test: connectionTestId(testId),
        listing: databaseListingId(listingId),
        preview: dataPreviewId(previewId),
        sweep: `search-outbox-${randomUUID()}`,
        held: heldRemovalsId(holdId),
      };
      await Promise.all([
        client.workflow.execute<typeof deleteCrawler>('deleteCrawler', {
          workflowId: ids.deletion,
          taskQueue: queue,
          args: [{ crawlerId, crawlerName: 'shop crawler' }],
        }),
        client.workflow
          .signalWithStart<typeof narrowScope>('narrowScope', {
            workflowId: ids.narrowing,
            taskQueue: queue,
            args: [{ crawlerId, crawlerName: 'shop crawler' }],
            signal: NARROWED_SIGNAL,
          })
          .then((handle) => handle.result()),
        client.workflow.execute<typeof connectionTest>('connectionTest', {
          workflowId: ids.test,
          taskQueue: queue,
          args: [{ testId, ...source }],
        }),
        client.workflow.execute<typeof dataPreview>('dataPreview', {
          workflowId: ids.preview,
          taskQueue: queue,
          args: [{ previewId, ...source }],
        }),
        client.workflow.execute<typeof databaseListing>('databaseListing', {
          workflowId: ids.listing,
          taskQueue: queue,
          args: [{ listingId, ...source }],
        }),
        client.workflow.signalWithStart<typeof heldRemovals>('heldRemovals', {
          ...heldRemovalsStart({ id: holdId, crawlerId, crawlerName: 'shop crawler', msLeft: 3_600_000 }),
          taskQueue: queue,
          signal: HOLD_DECIDED,
        }),
        client.workflow.execute<typeof drainSearchOutbox>('drainSearchOutbox', {
          workflowId: ids.sweep,
          taskQueue: queue,
        }),
      ]);
      await client.workflow.getHandle(ids.held).result();
      return {
        'held-removals-that-were-decided': { workflowId: ids.held },
        'deletion-with-search-beside': { workflowId: ids.deletion },
        'narrowing-with-search-beside': { workflowId: ids.narrowing },
        'connection-test': { workflowId: ids.test },
        'database-listing': { workflowId: ids.listing },
        'data-preview': { workflowId: ids.preview },
        'sweep-that-closes-lost-runs': { workflowId: ids.sweep },
      };
    },
  },
  {
    databases: [],
    control: webhookThatGivesUp(),
    play: async ({ client, queue }) => {
      const webhookId = randomUUID();
      const handle = await client.workflow.signalWithStart<typeof webhookDeliveries>('webhookDeliveries', {
        ...webhookDeliveriesStart({ webhookId, webhookName: 'to the team' }),
        taskQueue: queue,
      });
      await handle.result();
      const sweepId = `sweep-${randomUUID()}`;
      await client.workflow.execute<typeof drainSearchOutbox>('drainSearchOutbox', { workflowId: sweepId, taskQueue: queue });
      return {
        'webhook-that-was-given-up': { workflowId: webhookDeliveriesId(webhookId) },
        'sweep-that-tells-webhooks': { workflowId: sweepId },
      };
    },
  },
  {
    databases: [],
    control: describingThatWaits(),
    play: async ({ client, queue }) => {
      const describingId = `describe-tables-${randomUUID()}`;
      const describing = await client.workflow.start<typeof describeTables>('describeTables', {
        workflowId: describingId,
        taskQueue: queue,
        args: [{}],
      });
      await untilTimer(describing, 2);
      await describing.signal(DESCRIBE_NEWS);
      await describing.result();
      const trialId = randomUUID();
      await client.workflow.execute<typeof modelTrial>('modelTrial', {
        workflowId: modelTrialId(trialId),
        taskQueue: queue,
        args: [{ trialId }],
      });
      const sweepId = `sweep-${randomUUID()}`;
      await client.workflow.execute<typeof drainSearchOutbox>('drainSearchOutbox', { workflowId: sweepId, taskQueue: queue });
      return {
        'describing-that-waited': { workflowId: describingId },
        'trial-of-a-model': { workflowId: modelTrialId(trialId) },
        'sweep-that-sees-to-descriptions': { workflowId: sweepId },
      };
    },
  },
  {
    databases: [],
    control: foldedInParts(),
    play: async ({ client, queue }) => {
      const handle = await client.workflow.signalWithStart<LineageEventsWorkflow>('lineageEvents', {
        ...lineageEventsStart(),
        taskQueue: queue,
      });
      await handle.result();
      const sweepId = `sweep-${randomUUID()}`;
      await client.workflow.execute<typeof drainSearchOutbox>('drainSearchOutbox', { workflowId: sweepId, taskQueue: queue });
      return {
        'lineage-events-in-parts': { workflowId: LINEAGE_EVENTS },
        'sweep-that-keeps-lineage-events': { workflowId: sweepId },
      };
    },
  },
];

/** Plays a scenario on a server and hands each execution to save, with a client that can read it, to `save`. */
export async function playScenario(
  scenario: Scenario,
  server: { address: string; workflowBundle: string },
  save: (name: string, execution: Recorded, stage: Stage) => Promise<void>,
): Promise<void> {
  let group = '';
  const { activities } = stubControl(scenario.databases, { group: () => group });
  const steps = { control: { ...activities, ...scenario.control }, group: { ...stubGroup(scenario.databases), ...scenario.group } };
  await playOn(
    steps,
    async (stage) => {
      group = stage.group;
      const recorded = await scenario.play(stage);
      for (const [name, execution] of Object.entries(recorded)) await save(name, execution, stage);
    },
    server,
  );
}
