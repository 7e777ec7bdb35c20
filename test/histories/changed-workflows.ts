import { control, connecting } from '../../workflows/activities.js';
import type { CrawlInput } from '../../workflows/contract.js';

/** A crawl with its first two steps the other way round: what a careless change of a workflow would be. */
export async function crawl({ crawlerId, runId = '', resourceGroup, trigger }: CrawlInput): Promise<void> {
  await connecting(resourceGroup, 'List the databases in scope').discoverUnits({ runId });
  await control('Open the run').openRun({ runId, crawlerId, trigger, workflowId: '', workflowRunId: '' });
}
