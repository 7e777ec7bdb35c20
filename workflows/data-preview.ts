import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { control, whileSomeoneWaits } from './activities.js';
import type { DataPreviewInput } from './contract.js';
import { executionFailure, summarise } from './failure-summary.js';

/**
 * Reads a few rows of a table where its crawler runs. They go to the preview's row, masked and sealed, and neither they
 * nor the table's name pass through here; a source that refuses is an answer, not a failure of this execution.
 */
export async function dataPreview(input: DataPreviewInput): Promise<{ rows: number; refusedAs?: string }> {
  const { previewId, dataSourceName, resourceGroup } = input;
  try {
    return await whileSomeoneWaits(
      resourceGroup,
      `Read a few rows of a table of ${dataSourceName} from resource group ${resourceGroup}`,
    ).readPreview(input);
  } catch (error) {
    const stopped = isCancellation(error);
    const failure = stopped ? undefined : summarise(error, resourceGroup);
    await CancellationScope.nonCancellable(() =>
      control('Close the preview').closePreview({
        previewId,
        status: stopped ? 'cancelled' : 'failed',
        ...(failure === undefined ? {} : { failure }),
      }),
    );
    if (failure === undefined) throw error;
    throw executionFailure(`Rows of a table of ${dataSourceName} could not be read`, failure);
  }
}
