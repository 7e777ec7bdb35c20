import { isCancellation, log, patched } from '@temporalio/workflow';
import { indexingOnce } from './activities.js';
import { summarise } from './failure-summary.js';

/**
 * Has a removal take a crawler's tables off the map, and beside it, in a step of its own, what has left the map out of
 * search: after the last batch little is left to do. The two only meet in the catalog, so either may be given back by a
 * worker that ends, or fail and be repeated, without the other.
 */
export async function withSearchBeside<T>(crawlerId: string, removal: () => Promise<T>): Promise<T> {
  if (!patched('search-beside-removal')) return removal();
  const beside = indexingOnce('Take out of search what has left the map').drainOutbox({
    crawlerId,
    whileLeaving: true,
  });
  const [removed] = await Promise.all([removal(), beside.catch(later)]);
  return removed;
}

function later(error: unknown): void {
  if (isCancellation(error)) throw error;
  log.warn('Search hears later of what has left the map', { cause: summarise(error).message });
}
