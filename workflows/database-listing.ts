import { CancellationScope } from '@temporalio/workflow';
import { control, whileSomeoneWaits } from './activities.js';
import type { DatabaseListingInput } from './contract.js';
import { executionFailure, summarise } from './failure-summary.js';

/** Lists a source's databases for someone who chooses a scope. The names go to the listing's row, not through here. */
export async function databaseListing(input: DatabaseListingInput): Promise<{ databases: number }> {
  const { listingId, dataSourceName, resourceGroup } = input;
  try {
    return await whileSomeoneWaits(
      resourceGroup,
      `List databases of ${dataSourceName} from resource group ${resourceGroup}`,
    ).listDatabases(input);
  } catch (error) {
    const failure = summarise(error, resourceGroup);
    await CancellationScope.nonCancellable(() =>
      control('Close the listing as failed').closeDatabaseListing({ listingId, failure }),
    );
    throw executionFailure(`The databases of ${dataSourceName} could not be listed`, failure);
  }
}
