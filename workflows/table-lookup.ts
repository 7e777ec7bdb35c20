import { CancellationScope } from '@temporalio/workflow';
import { control, whileSomeoneWaits } from './activities.js';
import type { TableLookupInput } from './contract.js';
import { executionFailure, summarise } from './failure-summary.js';

/** Asks a source whether it has a table. Its name, and the answer, are in the lookup's row and not here. */
export async function tableLookup(input: TableLookupInput): Promise<{ found: boolean }> {
  const { lookupId, dataSourceName, resourceGroup } = input;
  try {
    return await whileSomeoneWaits(
      resourceGroup,
      `Look for a table of ${dataSourceName} from resource group ${resourceGroup}`,
    ).lookUpTable(input);
  } catch (error) {
    const failure = summarise(error, resourceGroup);
    await CancellationScope.nonCancellable(() =>
      control('Close the lookup as failed').closeLookup({ lookupId, failure }),
    );
    throw executionFailure(`${dataSourceName} could not be asked for a table`, failure);
  }
}
