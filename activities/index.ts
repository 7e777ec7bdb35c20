import type { StatementReader } from '../lineage/processes/statement-reader.js';
import type { ControlActivities, GroupActivities } from '../workflows/contract.js';
import { createCheckSource } from './check-source.js';
import { createCloseConnectionTest } from './close-connection-test.js';
import { createCloseDatabaseListing } from './close-database-listing.js';
import { createCloseLostRuns } from './close-lost-runs.js';
import { createClosePreview } from './close-preview.js';
import { createCloseRun } from './close-run.js';
import { createCollectUnit } from './collect-unit.js';
import type { ActivityContext } from './context.js';
import { createDeleteCatalog, createDropCrawler } from './delete-crawler.js';
import { createDeliverWebhook } from './deliver-webhook.js';
import { createDescribeTables } from './describe-tables.js';
import { createDiscoverUnits } from './discover-units.js';
import { createDrainOutbox } from './drain-outbox.js';
import { createDropExpired } from './drop-expired.js';
import { createDropOldPlans } from './drop-old-plans.js';
import { createEndNarrowing } from './end-narrowing.js';
import { createFailUnit } from './fail-unit.js';
import { createFinishRun } from './finish-run.js';
import { createFoldLineageEvents, createKeepLineageEvents } from './fold-lineage-events.js';
import { guarded } from './guarded.js';
import { createIsRunPaused } from './is-run-paused.js';
import { createKeepDescribing } from './keep-describing.js';
import { createKeepHeldRemovals } from './keep-held-removals.js';
import { createGiveUpDelivery, createKeepWebhooks, createNextDelivery } from './keep-webhooks.js';
import { createListDatabases } from './list-databases.js';
import { createCloseLookup, createLookUpTable } from './look-up-table.js';
import { createNextUnits } from './next-units.js';
import { createOpenRun } from './open-run.js';
import { createPlanUnit } from './plan-unit.js';
import { createPublishUnit } from './publish-unit.js';
import { createPurgeTombstones } from './purge-tombstones.js';
import { createReadPreview } from './read-preview.js';
import { createRecordSkippedRun } from './record-skipped-run.js';
import { removeSchedule } from './remove-schedule.js';
import { createRetireDatabases } from './retire-databases.js';
import { createPlanRevert, createRevertUnit } from './revert-unit.js';
import { createSettleHeldRemovals } from './settle-held-removals.js';
import { createIsRefreshing, createSettleRefresh } from './settle-refresh.js';
import { createStopActiveRun } from './stop-active-run.js';
import { createTraceLineage } from './trace-lineage.js';
import { createTryModel } from './try-model.js';

/**
 * The steps of the control queue: they touch our own servers only.
 * @param reader the caller closes it when the steps have ended
 */
export function createControlActivities(context: ActivityContext, reader: StatementReader): ControlActivities {
  return guarded<ControlActivities>(
    {
      openRun: createOpenRun(context),
      nextUnits: createNextUnits(context),
      isRunPaused: createIsRunPaused(context),
      publishUnit: createPublishUnit(context),
      planUnit: createPlanUnit(context),
      planRevert: createPlanRevert(context),
      revertUnit: createRevertUnit(context),
      dropOldPlans: createDropOldPlans(context),
      dropExpired: createDropExpired(context),
      failUnit: createFailUnit(context),
      finishRun: createFinishRun(context),
      closeRun: createCloseRun(context),
      closeLostRuns: createCloseLostRuns(context),
      recordSkippedRun: createRecordSkippedRun(context),
      drainOutbox: createDrainOutbox(context),
      traceLineage: createTraceLineage(context, reader),
      foldLineageEvents: createFoldLineageEvents(context),
      keepLineageEvents: createKeepLineageEvents(context),
      retireDatabases: createRetireDatabases(context),
      settleHeldRemovals: createSettleHeldRemovals(context),
      keepHeldRemovals: createKeepHeldRemovals(context),
      keepWebhooks: createKeepWebhooks(context),
      nextDelivery: createNextDelivery(context),
      deliverWebhook: createDeliverWebhook(context),
      giveUpDelivery: createGiveUpDelivery(context),
      describeTables: createDescribeTables(context),
      keepDescribing: createKeepDescribing(context),
      tryModel: createTryModel(context),
      purgeTombstones: createPurgeTombstones(context),
      endNarrowing: createEndNarrowing(context),
      closeConnectionTest: createCloseConnectionTest(context),
      closeDatabaseListing: createCloseDatabaseListing(context),
      closePreview: createClosePreview(context),
      closeLookup: createCloseLookup(context),
      settleRefresh: createSettleRefresh(context),
      isRefreshing: createIsRefreshing(context),
      removeSchedule,
      stopActiveRun: createStopActiveRun(),
      deleteCatalog: createDeleteCatalog(context),
      dropCrawler: createDropCrawler(context),
    },
    context.log,
  );
}

/** The steps of a resource group's queue: they reach sources. */
export function createGroupActivities(context: ActivityContext): GroupActivities {
  return guarded<GroupActivities>(
    {
      discoverUnits: createDiscoverUnits(context),
      collectUnit: createCollectUnit(context),
      checkSource: createCheckSource(context),
      listDatabases: createListDatabases(context),
      readPreview: createReadPreview(context),
      lookUpTable: createLookUpTable(context),
    },
    context.log,
  );
}
