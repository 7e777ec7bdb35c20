import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { CONTROL_QUEUE } from '../workflows/contract.js';
import { removeSchedule } from './apply-schedule.js';
import { type CyclePlan, toScheduleSpec } from './schedule-spec.js';

export const PREVIEW_PREFIX = 'preview:';

/**
 * The next times of a plan, computed by the server that would run it: a paused schedule that is described and deleted.
 * One that a crash leaves behind never fires, and the reconcile removes it.
 */
export async function previewPlan(client: Client, plan: CyclePlan, count: number): Promise<Date[]> {
  const scheduleId = `${PREVIEW_PREFIX}${randomUUID()}`;
  try {
    const handle = await client.schedule.create({
      scheduleId,
      spec: toScheduleSpec(plan),
      action: {
        type: 'startWorkflow',
        workflowType: 'scheduledCrawl',
        workflowId: scheduleId,
        taskQueue: CONTROL_QUEUE,
        args: [],
      },
      state: { paused: true, note: 'Made to show when a plan would run; removed at once.' },
    });
    const { info } = await handle.describe();
    return info.nextActionTimes.slice(0, count);
  } finally {
    await removeSchedule(client, scheduleId).catch(() => undefined);
  }
}
