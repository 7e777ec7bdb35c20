import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { control, whileSomeoneWaits } from './activities.js';
import type { ConnectionTestInput, FailureSummary } from './contract.js';
import { executionFailure, summarise } from './failure-summary.js';

/**
 * Tests a data source where its crawlers would run: same network, same drivers. The steps go to the test's row as they
 * happen; a source that cannot be reached is an answer, not a failure of this execution.
 */
export async function connectionTest(
  input: ConnectionTestInput,
): Promise<{ passed: boolean; failure?: FailureSummary }> {
  const { testId, dataSourceName, resourceGroup } = input;
  try {
    return await whileSomeoneWaits(
      resourceGroup,
      `Test ${dataSourceName} from resource group ${resourceGroup}`,
    ).checkSource(input);
  } catch (error) {
    const stopped = isCancellation(error);
    const failure = stopped ? undefined : summarise(error, resourceGroup);
    await CancellationScope.nonCancellable(() =>
      control('Close the test').closeConnectionTest({
        testId,
        status: stopped ? 'cancelled' : 'failed',
        ...(failure === undefined ? {} : { failure }),
      }),
    );
    if (failure === undefined) throw error;
    throw executionFailure(`The test of ${dataSourceName} could not run`, failure);
  }
}
