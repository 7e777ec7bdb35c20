import { deletingCrawlers } from '../catalog/crawlers/deleting-crawlers.js';
import type { Database } from '../db/database.js';
import type { Orchestrator } from '../orchestrator/port.js';

/**
 * Asks the engine again for each deletion that has not ended. One that is under way goes on undisturbed; one that the
 * engine never heard of, because it was away when somebody asked, begins.
 */
export async function resumeDeletions(database: Database, orchestrator: Orchestrator): Promise<void> {
  for (const { id, name } of await deletingCrawlers(database))
    await orchestrator.deleteCrawler({ crawlerId: id, crawlerName: name });
}
