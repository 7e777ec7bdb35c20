import { finishTest, putTestStep } from '../catalog/jobs/connection-tests.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';

/** Makes the activity that ends a test which no worker took up, lost, or was cancelled. One that ended stays as it is. */
export function createCloseConnectionTest({ database }: ActivityContext): ControlActivities['closeConnectionTest'] {
  return async ({ testId, status, failure }) => {
    if (failure !== undefined) await putTestStep(database, testId, { id: 'worker', state: 'failed', ...failure });
    await finishTest(database, testId, status);
  };
}
