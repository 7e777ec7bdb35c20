import { dropCrawlerRows } from '../catalog/retire/drop-crawler-rows.js';
import { letAllLeave } from '../catalog/retire/leaving.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { withLiveness } from './liveness.js';
import { retireCrawler } from './retire-crawler.js';

/** Makes the activity that takes everything a crawler collected off the map, batch by batch; repeated, it goes on. */
export function createDeleteCatalog({ database }: ActivityContext): ControlActivities['deleteCatalog'] {
  return ({ crawlerId }) =>
    withLiveness<{ deleted: number }, number>(async ({ signal, checkpoint, previous }) => {
      let deleted = previous?.deleted ?? 0;
      await letAllLeave(database, crawlerId);
      await retireCrawler(database, crawlerId, signal, (entities) => {
        deleted += entities;
        checkpoint({ deleted });
      });
      return deleted;
    });
}

/** Makes the activity that drops a crawler's runs and the crawler itself: the last step, after which nothing is left. */
export function createDropCrawler({ database }: ActivityContext): ControlActivities['dropCrawler'] {
  return ({ crawlerId }) => withLiveness(() => dropCrawlerRows(database, crawlerId));
}
