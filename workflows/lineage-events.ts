import { continueAsNew, defineSignal, setHandler, workflowInfo } from '@temporalio/workflow';
import { inBatches } from './activities.js';
import { LINEAGE_NEWS, type LineageEventsInput } from './contract.js';

export const lineageNewsSignal = defineSignal(LINEAGE_NEWS);

/**
 * Folds events of lineage into the map until none waits. The events are rows: this only sees to it that somebody works on
 * them soon after they came.
 */
export async function lineageEvents(input: LineageEventsInput = {}): Promise<{ folded: number }> {
  let folded = input.folded ?? 0;
  let news = false;
  setHandler(lineageNewsSignal, () => {
    news = true;
  });
  for (;;) {
    news = false;
    const batch = await inBatches('Fold events of lineage into the map').foldLineageEvents();
    folded += batch.folded;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof lineageEvents>({ folded });
    if (!batch.remaining && !news) return { folded };
  }
}
