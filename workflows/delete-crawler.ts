import { isCancellation, log, setCurrentDetails } from '@temporalio/workflow';
import { control, inBatches, indexingOnce } from './activities.js';
import type { DeleteCrawlerInput } from './contract.js';
import { summarise } from './failure-summary.js';
import { withSearchBeside } from './search-beside.js';

/**
 * Removes a crawler and all it put on the map. Every step finds its work done when it is repeated, and the crawler's
 * own rows go last, so a crash anywhere before leaves enough to go on from.
 */
export async function deleteCrawler({ crawlerId, crawlerName }: DeleteCrawlerInput): Promise<{ entities: number }> {
  const at = (step: string) => setCurrentDetails(`**Deleting ${crawlerName}**: ${step}`);
  at('removing its schedule, so that nothing new starts');
  await control('Remove the schedule').removeSchedule({ crawlerId });
  at('stopping its run');
  await inBatches('Stop the open run').stopActiveRun({ crawlerId });
  at('taking what it collected off the map');
  const entities = await withSearchBeside(crawlerId, () =>
    inBatches('Take what it collected off the map').deleteCatalog({ crawlerId }),
  );
  at('taking it out of search');
  try {
    await indexingOnce('Take it out of search').drainOutbox({ crawlerId });
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('Search still holds some of it; the outbox goes on every minute', { cause: summarise(error).message });
  }
  at('dropping its runs and its definition');
  await inBatches('Drop its runs and its definition').dropCrawler({ crawlerId });
  at(`done, ${entities} entities removed`);
  return { entities };
}
