import type { Plan } from '../../catalog/crawlers/plan.js';
import {
  type Orchestrator,
  OrchestratorUnavailable,
  type ScheduledCrawler,
  type WaitingStep,
} from '../../orchestrator/port.js';

/** What a test may look at and set of the in-memory orchestrator. */
export interface FakeOrchestrator extends Orchestrator {
  /** Requests as they came, by method. */
  readonly calls: { readonly [M in keyof Orchestrator]?: Parameters<Orchestrator[M]>[] };
  /** Crawler id -> run id of open crawls; `finish` closes one. */
  readonly openCrawls: Map<string, string>;
  readonly schedules: Map<string, ScheduledCrawler>;
  /** Crawler ids whose deletion was asked for. */
  readonly deletions: Set<string>;
  /** Open connection tests and previews. */
  readonly openTests: Set<string>;
  /** Crawler id -> steps of its open crawl that no worker is busy with. */
  readonly waiting: Map<string, WaitingStep[]>;
  /** While set, every call fails as if Temporal were away. */
  unavailable: boolean;
  /** What the worker would do with a listing before `listDatabases` returns. */
  onListing: (request: Parameters<Orchestrator['listDatabases']>[0]) => Promise<void>;
  /** What the worker would do with a connection test. */
  onTest: (request: Parameters<Orchestrator['startConnectionTest']>[0]) => Promise<void>;
  /** What the worker would do with a preview. */
  onPreview: (request: Parameters<Orchestrator['startPreview']>[0]) => Promise<void>;
  /** What happens while somebody waits for an open crawl to end; executions have the ids of their runs. */
  onWaiting: (crawlerId: string) => Promise<void>;
  finish(crawlerId: string): void;
}

/** An orchestrator without an engine: it keeps the port's rules on who may run when, and runs nothing. */
export function createFakeOrchestrator(): FakeOrchestrator {
  const calls: FakeOrchestrator['calls'] = {};
  const openCrawls = new Map<string, string>();
  const schedules = new Map<string, ScheduledCrawler>();
  const deletions = new Set<string>();
  const openTests = new Set<string>();
  const waiting = new Map<string, WaitingStep[]>();
  const called = <M extends keyof Orchestrator>(method: M, ...args: Parameters<Orchestrator[M]>) => {
    const made: Parameters<Orchestrator[M]>[] = calls[method] ?? [];
    Object.assign(calls, { [method]: [...made, args] });
    if (fake.unavailable) throw new OrchestratorUnavailable('The Temporal server cannot be reached');
  };
  const fake: FakeOrchestrator = {
    calls,
    openCrawls,
    schedules,
    deletions,
    openTests,
    waiting,
    unavailable: false,
    onListing: async () => undefined,
    onTest: async () => undefined,
    onPreview: async () => undefined,
    onWaiting: async () => undefined,
    finish: (crawlerId) => openCrawls.delete(crawlerId),
    startCrawl: async (request) => {
      called('startCrawl', request);
      if (openCrawls.has(request.crawlerId)) return { started: false };
      openCrawls.set(request.crawlerId, request.runId);
      return { started: true };
    },
    untilNoCrawl: async (crawlerId, waitMs) => {
      called('untilNoCrawl', crawlerId, waitMs);
      await fake.onWaiting(crawlerId);
      return openCrawls.get(crawlerId);
    },
    wakeCrawl: async (crawlerId, because) => {
      called('wakeCrawl', crawlerId, because);
      return openCrawls.has(crawlerId);
    },
    stopCrawl: async (crawlerId) => {
      called('stopCrawl', crawlerId);
      return openCrawls.has(crawlerId);
    },
    terminateCrawl: async (crawlerId, reason, workflowRunId) => {
      called('terminateCrawl', crawlerId, reason, workflowRunId);
      return openCrawls.delete(crawlerId);
    },
    waitingSteps: async (crawlerId) => {
      called('waitingSteps', crawlerId);
      return openCrawls.has(crawlerId) ? (waiting.get(crawlerId) ?? []) : [];
    },
    applySchedule: async (crawler) => {
      called('applySchedule', crawler);
      if (crawler.plan.mode === 'manual') schedules.delete(crawler.id);
      else schedules.set(crawler.id, crawler);
    },
    removeSchedule: async (crawlerId) => {
      called('removeSchedule', crawlerId);
      schedules.delete(crawlerId);
    },
    nextRuns: async (crawlerId) => {
      called('nextRuns', crawlerId);
      const schedule = schedules.get(crawlerId);
      return schedule === undefined || schedule.paused ? [] : someTimes(schedule.plan);
    },
    previewPlan: async (plan) => {
      called('previewPlan', plan);
      return someTimes(plan);
    },
    startConnectionTest: async (request) => {
      called('startConnectionTest', request);
      openTests.add(request.testId);
      await fake.onTest(request);
    },
    cancelConnectionTest: async (testId) => {
      called('cancelConnectionTest', testId);
      return openTests.delete(testId);
    },
    listDatabases: async (request) => {
      called('listDatabases', request);
      await fake.onListing(request);
    },
    startPreview: async (request) => {
      called('startPreview', request);
      openTests.add(request.previewId);
      await fake.onPreview(request);
    },
    cancelPreview: async (previewId) => {
      called('cancelPreview', previewId);
      return openTests.delete(previewId);
    },
    lookUpTable: async (request) => called('lookUpTable', request),
    startRefresh: async (request) => called('startRefresh', request),
    settleHeldRemovals: async (hold) => called('settleHeldRemovals', hold),
    tellWebhook: async (request) => called('tellWebhook', request),
    describeTables: async () => called('describeTables'),
    tryModel: async (request) => called('tryModel', request),
    foldLineageEvents: async () => called('foldLineageEvents'),
    bringSearchUpToDate: async () => called('bringSearchUpToDate'),
    narrowScope: async (request) => called('narrowScope', request),
    deleteCrawler: async (request) => {
      called('deleteCrawler', request);
      deletions.add(request.crawlerId);
    },
    reconcile: async (load) => {
      called('reconcile', load);
      schedules.clear();
      for (const crawler of await load()) if (crawler.plan.mode === 'cycle') schedules.set(crawler.id, crawler);
      return { created: [], overwritten: [], removed: [] };
    },
    health: async () =>
      fake.unavailable ? { ok: false, reason: 'The Temporal server cannot be reached' } : { ok: true },
    close: async () => undefined,
  };
  return fake;
}

/** Five full hours ahead; not the plan's own times, which only the engine knows. */
function someTimes(plan: Plan): Date[] {
  if (plan.mode === 'manual') return [];
  const hour = 3_600_000;
  const next = Math.ceil((Date.now() + 1) / hour) * hour;
  return [0, 1, 2, 3, 4].map((index) => new Date(next + index * hour));
}
