import { openRun } from '../catalog/runs/open-run.js';
import { RunLogger } from '../catalog/runs/run-logger.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';

/** Makes the activity that opens a run's row. */
export function createOpenRun({ database, log }: ActivityContext): ControlActivities['openRun'] {
  return async (request) => {
    const plan = await openRun(database, request);
    const runLog = new RunLogger(database, request.runId, {
      onError: (err) => log.warn({ err, runId: request.runId }, 'run log could not be written'),
    });
    runLog.info(
      'open',
      `Run of ${plan.crawlerName} begins: ${request.trigger}, in resource group ${plan.resourceGroup}, ` +
        `up to ${plan.lanes} databases at once`,
    );
    await runLog.close();
    return plan;
  };
}
