import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { groupSlots } from '../groups/slots.js';
import { queueDeliveries } from '../webhooks/deliveries.js';
import { countRun } from './close-run.js';
import { CrawlerGone, RunEnded } from './errors.js';
import { OPEN_STATUSES, type OpenStatus, type RunStatus, type RunTrigger } from './run-state.js';
import { endUnfinishedUnits } from './units.js';

/** Databases of one source read side by side at most, whatever the group could: each is a connection to that server. */
const MOST_LANES = 4;

export interface OpenedRun {
  runId: string;
  crawlerName: string;
  resourceGroup: string;
  /** Units collected side by side. */
  lanes: number;
}

/**
 * Opens a run on behalf of the workflow that holds the crawler's workflow id: makes its row, or takes over the queued
 * one. Repeatable by the same workflow, and by the execution that goes on after it.
 *
 * Holding that id proves that nobody works for any other open run of the crawler, so those are closed here.
 * @throws CrawlerGone when the crawler is missing or being deleted; RunEnded when this run was closed meanwhile
 */
export async function openRun(
  database: Database,
  run: {
    runId: string;
    crawlerId: string;
    trigger: RunTrigger;
    ofRunId?: string;
    requestedBy?: string;
    workflowRunId: string;
    workflowId: string;
    /** What of a schedule began it. */
    tick?: { workflowId: string; runId: string };
  },
): Promise<OpenedRun> {
  return database.transaction(async (transaction) => {
    const crawler = await lockCrawler(transaction, run.crawlerId);
    await closeAbandonedRuns(transaction, run);
    const [row] = await query<{ status: RunStatus }>(
      transaction,
      `INSERT INTO crawl_run AS r (
         id, number, crawler_id, workspace_id, trigger, of_run_id, requested_by, status, workflow_run_id, started_at,
         resource_group_id, cu, config
       ) VALUES (
         :runId,
         -- A number of its own only where it has none: an insert that turns into an update would use one up for nothing.
         coalesce((SELECT q.number FROM crawl_run q WHERE q.id = :runId), nextval('crawl_run_number_seq')),
         :crawlerId, :workspaceId, :trigger, :ofRunId, :requestedBy, 'running', :workflowRunId, now(), :groupId, :cu,
         :config
       )
       ON CONFLICT (id) DO UPDATE SET
         status = CASE r.status WHEN 'queued' THEN 'running' ELSE r.status END,
         workflow_run_id = excluded.workflow_run_id,
         started_at = coalesce(r.started_at, now()),
         resource_group_id = coalesce(r.resource_group_id, excluded.resource_group_id),
         cu = coalesce(r.cu, excluded.cu),
         config = CASE WHEN r.started_at IS NULL THEN excluded.config ELSE r.config END
       WHERE r.status IN ('queued', 'running', 'stopping') AND r.crawler_id = excluded.crawler_id
       RETURNING r.status`,
      {
        runId: run.runId,
        crawlerId: run.crawlerId,
        workspaceId: crawler.workspace_id,
        trigger: run.trigger,
        ofRunId: run.ofRunId ?? null,
        requestedBy: run.requestedBy ?? null,
        workflowRunId: run.workflowRunId,
        groupId: crawler.resource_group_id,
        cu: crawler.cu_per_task,
        config: JSON.stringify({
          ...crawler.snapshot,
          workflowId: run.workflowId,
          ...(run.tick === undefined ? {} : { tick: run.tick }),
        }),
      },
    );
    if (row === undefined) throw new RunEnded(run.runId);
    await queueDeliveries(transaction, run.runId, 'start');
    const slots = groupSlots(Number(crawler.capacity_cu), Number(crawler.cu_per_task));
    return {
      runId: run.runId,
      crawlerName: crawler.name,
      resourceGroup: crawler.resource_group_id,
      lanes: Math.min(slots, MOST_LANES),
    };
  });
}

interface LockedCrawler {
  name: string;
  workspace_id: string;
  resource_group_id: string;
  capacity_cu: string;
  cu_per_task: string;
  /** The settings this run goes by, kept with it: later edits do not rewrite what it did. */
  snapshot: Record<string, unknown>;
}

async function lockCrawler(transaction: Database, crawlerId: string): Promise<LockedCrawler> {
  const [crawler] = await query<LockedCrawler>(
    transaction,
    `SELECT c.name, c.workspace_id, c.resource_group_id, g.capacity_cu, g.cu_per_task,
            jsonb_build_object(
              'crawler', c.name, 'version', c.version, 'plan', c.plan, 'resourceGroupId', c.resource_group_id,
              'source', jsonb_build_object('id', s.id, 'name', s.name, 'type', s.type, 'instance', s.instance)
            ) AS snapshot
       FROM crawler c
       JOIN data_source s ON s.id = c.data_source_id
       JOIN resource_group g ON g.id = c.resource_group_id
      WHERE c.id = ? AND c.status = 'active'
        FOR UPDATE OF c`,
    [crawlerId],
  );
  if (crawler === undefined) throw new CrawlerGone(crawlerId);
  return crawler;
}

/**
 * Closes the crawler's other runs, of which the engine works for none, with what is true of them: one that never began was
 * passed over; one that somebody had asked to stop was ended without its workflow's word; any other broke off for a reason
 * that nobody recorded.
 */
export async function closeAbandonedRuns(
  transaction: Database,
  run: { runId: string; crawlerId: string },
  statuses: readonly OpenStatus[] = OPEN_STATUSES,
): Promise<void> {
  const closed = await query<{ id: string }>(
    transaction,
    `UPDATE crawl_run
        SET status = CASE
              WHEN status = 'queued' AND stop_requested_at IS NULL THEN 'skipped'
              WHEN stop_requested_at IS NOT NULL THEN 'terminated'
              ELSE 'failed'
            END,
            ended_at = now(),
            cu_hours = coalesce(cu * extract(epoch FROM now() - started_at) / 3600, 0),
            error = CASE
              WHEN status = 'queued' AND stop_requested_at IS NULL THEN jsonb_build_object(
                'code', 'RUN_OVERTAKEN',
                'message', 'Another run of the crawler began before this one',
                'remedy', 'Look at that run; it collected the same databases.')
              WHEN stop_requested_at IS NOT NULL THEN jsonb_build_object(
                'code', 'RUN_ABANDONED',
                'message', 'The run was asked to stop and ended without confirming it',
                'remedy', 'Nothing needs to be done: what it had not published was dropped.')
              ELSE jsonb_build_object(
                'code', 'RUN_ABANDONED',
                'message', 'The run ended without reporting how: its workflow was terminated, or timed out',
                'remedy', 'Look into the workflow''s history for the cause; the run that follows collects again.')
            END
      WHERE crawler_id = :crawlerId AND id <> :runId AND status = ANY (:open)
      RETURNING id`,
    { crawlerId: run.crawlerId, runId: run.runId, open: [...statuses] },
  );
  for (const { id } of closed) {
    await endUnfinishedUnits(transaction, id);
    const counts = JSON.stringify(await countRun(transaction, id));
    await query(transaction, 'UPDATE crawl_run SET counts = :counts WHERE id = :id', { id, counts });
    await queueDeliveries(transaction, id);
  }
}
