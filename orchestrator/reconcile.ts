import type { Client } from '@temporalio/client';
import { scheduleId } from '../workflows/contract.js';
import { applySchedule, describeSchedule, removeSchedule } from './apply-schedule.js';
import { crawlerSchedule, outboxSchedule } from './desired-schedule.js';
import type { ReconcileReport, ScheduledCrawler } from './port.js';
import { PREVIEW_PREFIX } from './preview-plan.js';

const CRAWLER_PREFIX = scheduleId('');
const PREVIEW_AGE = 60_000;
/** Schedules looked at side by side. */
const LANES = 8;

/**
 * Makes the server's schedules the projection of the crawlers' plans again: after an edit by hand, a server that lost
 * its store, or a crash between a crawler's row and its schedule. Safe to run from several processes, and to repeat; a
 * plan that changes while this runs is written again by whoever changed it, and at the latest by the next round.
 */
export async function reconcileSchedules(
  client: Client,
  load: () => Promise<readonly ScheduledCrawler[]>,
): Promise<ReconcileReport> {
  const listed: string[] = [];
  for await (const { scheduleId: id } of client.schedule.list()) listed.push(id);
  const crawlers = await load();
  const report: ReconcileReport = { created: [], overwritten: [], removed: [] };
  await applySchedule(client, outboxSchedule());
  await inLanes(crawlers, async (crawler) => {
    const desired = crawlerSchedule(crawler);
    if (desired === undefined) return;
    const done = await applySchedule(client, desired);
    if (done !== 'unchanged') report[done].push(crawler.id);
  });
  const wanted = new Set(crawlers.filter(({ plan }) => plan.mode === 'cycle').map(({ id }) => scheduleId(id)));
  const strays = listed.filter((id) => id.startsWith(CRAWLER_PREFIX) && !wanted.has(id));
  await inLanes(strays, async (id) => {
    if (await removeSchedule(client, id)) report.removed.push(id.slice(CRAWLER_PREFIX.length));
  });
  await inLanes(
    listed.filter((id) => id.startsWith(PREVIEW_PREFIX)),
    (id) => removeIfLeftBehind(client, id),
  );
  return report;
}

async function removeIfLeftBehind(client: Client, id: string): Promise<void> {
  const found = await describeSchedule(client, id);
  if (found !== undefined && Date.now() - found.info.createdAt.getTime() > PREVIEW_AGE)
    await removeSchedule(client, id);
}

async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      for (const item of left) await work(item);
    }),
  );
}
