import { finishTest, markTestRunning, putTestStep } from '../catalog/jobs/connection-tests.js';
import { resolveConnection } from '../catalog/sources/resolve-connection.js';
import type { CheckStep } from '../connectors/contract.js';
import type { FailureSummary, GroupActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { briefly, toFailure } from './failures.js';
import { Governor } from './governor.js';
import { withLiveness } from './liveness.js';

/** How long the person who waits for the test waits for a connection. */
const PATIENCE_MS = 8_000;
/** Of a step, as connectors have it; where queries are paced, a step gets the time of these many more. */
const STEP_TIMEOUT_MS = 10_000;
const STATEMENTS_OF_A_STEP = 20;

/**
 * Makes the activity that tests a data source and writes each step to the test's row as it begins and ends, for whoever
 * watches. A source that fails the test is a result; only what keeps the test itself from running is thrown.
 */
export function createCheckSource(context: ActivityContext): GroupActivities['checkSource'] {
  const { database, secretKey, loadConnector, worker } = context;
  return ({ testId, dataSourceId, resourceGroup, databases }) =>
    withLiveness(async ({ signal }) => {
      if (!(await markTestRunning(database, testId, worker.id))) return { passed: false };
      const began = performance.now();
      const put = (step: CheckStep, secrets: readonly string[] = []) => putTestStep(database, testId, step, secrets);
      await put({
        id: 'worker',
        state: 'passed',
        duration: 0,
        message: `Worker ${worker.host} of resource group ${resourceGroup} took it up`,
        detail: { worker: worker.id, addresses: worker.addresses },
      });
      const steps: CheckStep[] = [];
      try {
        const { type, ...connection } = await resolveConnection(database, secretKey, dataSourceId);
        const secrets = Object.values(connection.secrets);
        const connector = await loadConnector(type);
        const governor = await Governor.ofSource(context, dataSourceId);
        const rate = governor.perSecond;
        await governor.admit(
          signal,
          async (admission) => {
            const check = connector.check(connection, {
              signal: admission.signal,
              pace: admission.pace,
              workerAddresses: worker.addresses,
              ...(rate === undefined ? {} : { stepTimeout: STEP_TIMEOUT_MS + (STATEMENTS_OF_A_STEP / rate) * 1_000 }),
              ...(databases === undefined ? {} : { databases }),
            });
            for await (const step of check) {
              steps.push(step);
              await put(step, secrets);
            }
          },
          // Looking into another database than the data source's own takes a second connection.
          { patience: PATIENCE_MS, connections: databases === undefined ? 1 : 2 },
        );
      } catch (error) {
        if (signal.aborted) throw error;
        await put({
          id: 'validate_input',
          state: 'failed',
          duration: Math.round(performance.now() - began),
          ...told(error),
        });
        await finishTest(database, testId, 'failed');
        throw error;
      }
      signal.throwIfAborted();
      const failed = steps.find(({ state }) => state === 'failed');
      await finishTest(database, testId, failed === undefined ? 'passed' : 'failed');
      return failed === undefined ? { passed: true } : { passed: false, failure: briefly(failureOf(failed)) };
    });
}

function failureOf({ id, code, message, remedy }: CheckStep): FailureSummary {
  return {
    code: code ?? 'TEST_FAILED',
    message: message ?? `The step ${id} failed`,
    ...(remedy === undefined ? {} : { remedy }),
  };
}

/** What may be said of an error that is not the source's: a missing secret, a gone data source. */
function told(error: unknown): { message: string; code?: string; remedy?: string } {
  const failure = toFailure(error);
  const code = 'type' in failure && typeof failure.type === 'string' ? failure.type : undefined;
  const remedy =
    error instanceof Error && 'remedy' in error && typeof error.remedy === 'string' ? error.remedy : undefined;
  return {
    message: failure.message,
    ...(code === undefined ? {} : { code }),
    ...(remedy === undefined ? {} : { remedy }),
  };
}
