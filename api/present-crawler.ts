import type { z } from 'zod';
import type { Actor } from '../access/actor.js';
import type { CrawlerDetail, CrawlerSummary } from '../catalog/crawlers/read-crawlers.js';
import type { Operation } from '../catalog/operations/operation.js';
import { openOperationOf } from '../catalog/operations/read-operations.js';
import type { ApiContext } from './context.js';
import { permitted } from './permitted.js';
import type { crawlerSchema, crawlerSummarySchema } from './schemas/crawlers.js';
import { withoutWorker } from './without-worker.js';

/** A crawler as a line of a list. */
export function presentCrawlerSummary(crawler: CrawlerSummary, actor: Actor): z.input<typeof crawlerSummarySchema> {
  return {
    ...crawler,
    ...permitted(actor, crawler.workspaceId, {
      edit: 'crawler.write',
      run: 'crawler.run',
      delete: 'crawler.delete',
      publish: 'entity.publish',
    }),
  };
}

/**
 * A crawler in full. Its next runs are the engine's own; without the engine the rest is shown all the same.
 * @param begun the operation that the request asked for, which may be over by now, or taken over by a deletion; else the
 *   one that is under way is shown
 */
export async function presentCrawler(
  context: ApiContext,
  crawler: CrawlerDetail,
  actor: Actor,
  begun?: Operation,
): Promise<z.input<typeof crawlerSchema>> {
  const nextRuns =
    crawler.plan.mode === 'manual' || crawler.paused || crawler.status === 'deleting'
      ? []
      : await nextFiveRuns(context, crawler.id);
  return {
    ...presentCrawlerSummary(crawler, actor),
    scope: crawler.scope,
    nextRuns,
    appliesFrom: isOfAnEarlierDefinition(crawler) ? 'next run' : 'now',
    operation: begun ?? (await openOperationOf(context.database, crawler.id)) ?? null,
    warnings: crawler.resourceGroup.liveWorkers === 0 ? [withoutWorker(crawler.resourceGroup.id)] : [],
  };
}

function isOfAnEarlierDefinition({ openRun, updatedAt }: CrawlerDetail): boolean {
  return openRun !== null && openRun.startedAt !== null && openRun.startedAt < updatedAt;
}

async function nextFiveRuns(context: ApiContext, crawlerId: string): Promise<Date[] | null> {
  try {
    return (await context.orchestrator.nextRuns(crawlerId)).slice(0, 5);
  } catch (error) {
    context.log.warn({ err: error, crawlerId }, 'The next runs of a crawler could not be read');
    return null;
  }
}
