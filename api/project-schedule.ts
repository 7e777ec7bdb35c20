import type { CrawlerDetail } from '../catalog/crawlers/read-crawlers.js';
import type { ApiContext } from './context.js';

/**
 * Makes the engine's schedule what the crawler says. The crawler's row is the truth: where the engine is away the edit
 * stands, and the reconciling that goes on in the background makes the schedule later.
 */
export async function projectSchedule(context: ApiContext, crawler: CrawlerDetail): Promise<void> {
  try {
    await context.orchestrator.applySchedule({
      id: crawler.id,
      name: crawler.name,
      plan: crawler.plan,
      paused: crawler.paused,
      pauseNote: crawler.pauseNote,
      resourceGroupId: crawler.resourceGroup.id,
    });
  } catch (error) {
    context.log.warn({ err: error, crawlerId: crawler.id }, 'The schedule of a crawler will be made by reconciling');
  }
}
