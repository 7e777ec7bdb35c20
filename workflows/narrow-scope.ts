import { defineSignal, isCancellation, log, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { control, inBatches, indexingOnce } from './activities.js';
import { NARROWED_SIGNAL, type NarrowScopeInput } from './contract.js';
import { summarise } from './failure-summary.js';
import { withSearchBeside } from './search-beside.js';

/**
 * Takes the databases that left a crawler's scope off the map and out of search. What is to go stands in the catalog, so
 * every step finds its work done when it is repeated, and the minute's sweep does what this could not.
 */
export async function narrowScope({ crawlerId, crawlerName }: NarrowScopeInput): Promise<{ entities: number }> {
  let asked = true;
  setHandler(defineSignal(NARROWED_SIGNAL), () => {
    asked = true;
  });
  const at = (step: string) => setCurrentDetails(`**Narrowing the scope of ${crawlerName}**: ${step}`);
  let entities = 0;
  while (asked) {
    asked = false;
    at('taking what left the scope off the map');
    entities += await withSearchBeside(crawlerId, () =>
      inBatches('Take databases that left the scope off the map').retireDatabases({ crawlerId }),
    );
    at('taking it out of search');
    try {
      await indexingOnce('Take them out of search').drainOutbox({ crawlerId });
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.warn('Search still holds some of it; the outbox goes on every minute', { cause: summarise(error).message });
    }
    await control('End the operation').endNarrowing({ crawlerId });
  }
  at(`done, ${entities} entities removed`);
  return { entities };
}
