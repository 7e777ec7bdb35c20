import type { Plan } from '../../catalog/crawlers/plan.js';
import { type Orchestrator, OrchestratorUnavailable, type ScheduledCrawler } from '../../orchestrator/port.js';

type Request<Verb extends keyof Orchestrator> = Orchestrator[Verb] extends (request: infer R) => unknown ? R : never;

/** An engine in memory: it remembers what was asked of it, and does of it only what a test hands it. */
export interface FakeOrchestrator extends Orchestrator {
  /** Every call in order, e.g. `['startCrawl', {...}]`. */
  readonly calls: [verb: string, argument: unknown][];
  /** Crawlers whose crawl is open. */
  readonly open: Set<string>;
  readonly schedules: Map<string, ScheduledCrawler>;
  /** While true, every verb fails as it does without a server. */
  down: boolean;
  /** What the worker would do with a connection test or a listing. */
  onConnectionTest: (request: Request<'startConnectionTest'>) => Promise<void>;
  onListing: (request: Request<'listDatabases'>) => Promise<void>;
}

export function fakeOrchestrator(): FakeOrchestrator {
  const tests = new Set<string>();
  const ask = (verb: string, argument: unknown) => {
    if (fake.down) throw new OrchestratorUnavailable('Temporal cannot be reached');
    fake.calls.push([verb, argument]);
  };
  const fake: FakeOrchestrator = {
    calls: [],
    open: new Set(),
    schedules: new Map(),
    down: false,
    onConnectionTest: async () => undefined,
    onListing: async () => undefined,
    startCrawl: async (request) => {
      ask('startCrawl', request);
      if (fake.open.has(request.crawlerId)) return { started: false };
      fake.open.add(request.crawlerId);
      return { started: true };
    },
    stopCrawl: async (crawlerId) => {
      ask('stopCrawl', crawlerId);
      return fake.open.has(crawlerId);
    },
    terminateCrawl: async (crawlerId, reason) => {
      ask('terminateCrawl', { crawlerId, reason });
      return fake.open.delete(crawlerId);
    },
    applySchedule: async (crawler) => {
      ask('applySchedule', crawler);
      if (crawler.plan.mode === 'cycle') fake.schedules.set(crawler.id, crawler);
      else fake.schedules.delete(crawler.id);
    },
    removeSchedule: async (crawlerId) => {
      ask('removeSchedule', crawlerId);
      fake.schedules.delete(crawlerId);
    },
    nextRuns: async (crawlerId) => {
      ask('nextRuns', crawlerId);
      const crawler = fake.schedules.get(crawlerId);
      return crawler === undefined || crawler.paused ? [] : nextFive(crawler.plan);
    },
    previewPlan: async (plan) => {
      ask('previewPlan', plan);
      return nextFive(plan);
    },
    startConnectionTest: async (request) => {
      ask('startConnectionTest', request);
      tests.add(request.testId);
      void fake.onConnectionTest(request);
    },
    cancelConnectionTest: async (testId) => {
      ask('cancelConnectionTest', testId);
      return tests.delete(testId);
    },
    listDatabases: async (request) => {
      ask('listDatabases', request);
      await fake.onListing(request);
    },
    deleteCrawler: async (request) => {
      ask('deleteCrawler', request);
    },
    reconcile: async (load) => {
      ask('reconcile', undefined);
      for (const crawler of await load()) fake.schedules.set(crawler.id, crawler);
      return { created: [], overwritten: [], removed: [] };
    },
    health: async () => (fake.down ? { ok: false, reason: 'Temporal cannot be reached' } : { ok: true }),
    close: async () => undefined,
  };
  return fake;
}

/** Five days running, whatever the plan: which times a plan has is the engine's to say. */
function nextFive(plan: Plan): Date[] {
  if (plan.mode === 'manual') return [];
  return Array.from({ length: 5 }, (_, day) => new Date(Date.UTC(2030, 0, 1 + day)));
}
