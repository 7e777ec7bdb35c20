import type { ControlActivities, GroupActivities, UnitRef } from '../../workflows/contract.js';

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
    isRunPaused: async () => false,
    publishUnit: async ({ database }) => {
      record.published.push(database);
      return { tables: 3, added: 3, changed: 0, removed: 0, restored: 0, unchanged: 0, held: 0, problems: 0 };
    },
    planUnit: async ({ database }) => {
      record.published.push(database);
      return { tables: 3, added: 3, changed: 0, removed: 0, restored: 0, unchanged: 0, held: 0, problems: 0 };
    },
    planRevert: async () => ({ units: databases.length, failed: 0, failures: [] }),
    revertUnit: async ({ database }) => {
      record.published.push(database);
    },
    dropOldPlans: async () => 0,
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
    closeLostRuns: async () => 0,
    drainOutbox: async () => 0,
    traceLineage: async () => ({ views: 0, unread: 0 }),
    foldLineageEvents: async () => ({ folded: 0, remaining: false }),
    keepLineageEvents: async () => 0,
    retireDatabases: async () => 0,
    settleHeldRemovals: async () => ({ removed: 12, waitMs: null }),
    keepHeldRemovals: async () => 0,
    purgeTombstones: async () => 0,
    keepWebhooks: async () => 0,
    nextDelivery: async () => null,
    deliverWebhook: async () => undefined,
    giveUpDelivery: async () => undefined,
    describeTables: async () => ({ tables: 0, suggestions: 0, refused: 0, next: 'rest', waitMs: 0 }),
    keepDescribing: async () => 0,
    tryModel: async () => ({ succeeded: true }),
    endNarrowing: async () => undefined,
    closeConnectionTest: async ({ status, failure }) => {
      record.closed.push({ status, failure });
    },
    closeDatabaseListing: async ({ failure }) => {
      record.closed.push({ status: 'failed', failure });
    },
    closePreview: async ({ status, failure }) => {
      record.closed.push({ status, failure });
    },
    closeLookup: async () => undefined,
    settleRefresh: async () => undefined,
    isRefreshing: async () => false,
    dropExpired: async () => 0,
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
    lookUpTable: async () => ({ found: true }),
    readPreview: async () => ({ rows: 3 }),
  };
}
