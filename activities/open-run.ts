import { limitsOfCrawler } from '../catalog/governor/limits.js';
import { quietUntil } from '../catalog/governor/quiet-hours.js';
import { openRun } from '../catalog/runs/open-run.js';
import { isOpen, recordSkippedRun } from '../catalog/runs/queue-run.js';
import { NotFound } from '../db/refusals.js';
import type { ControlActivities, RunPlan } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { tellOfRun } from './keep-webhooks.js';
import { loggedStep } from './logged-step.js';

type Request = Parameters<ControlActivities['openRun']>[0];

/** Makes the activity that opens a run's row, or records that its time came in the quiet hours of its source. */
export function createOpenRun(context: ActivityContext): ControlActivities['openRun'] {
  return (request) =>
    loggedStep(context, { step: 'open', runId: request.runId, brief: true }, async (_, log) => {
      const skipped = request.trigger === 'schedule' ? await skippedInQuietHours(context, request) : undefined;
      if (skipped !== undefined) return skipped;
      const plan = await openRun(context.database, request);
      log.info(
        'open',
        `Run of ${plan.crawlerName} begins: ${request.trigger}, in resource group ${plan.resourceGroup}, ` +
          `up to ${plan.lanes} databases at once`,
      );
      await tellOfRun(context);
      return plan;
    });
}

async function skippedInQuietHours(
  { database, now }: ActivityContext,
  { runId, crawlerId }: Request,
): Promise<RunPlan | undefined> {
  // An earlier attempt may have opened it a moment before the window began.
  if (await isOpen(database, runId)) return undefined;
  const { quietHours } = await limitsOfCrawler(database, crawlerId).catch((error: unknown) => {
    // That the crawler is gone is openRun's to say.
    if (error instanceof NotFound) return { quietHours: [] };
    throw error;
  });
  const until = quietUntil(quietHours, now?.() ?? new Date());
  if (until === undefined) return undefined;
  await recordSkippedRun(database, { crawlerId, runId, quietUntil: until });
  return { runId, crawlerName: '', resourceGroup: '', lanes: 0, skipped: true };
}
