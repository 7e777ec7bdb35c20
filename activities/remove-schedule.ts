import { getClient } from '@temporalio/activity';
import { ScheduleNotFoundError } from '@temporalio/client';
import { type ControlActivities, scheduleId } from '../workflows/contract.js';

/** Removes a crawler's schedule, through the worker's own connection. One that is gone is done. */
export const removeSchedule: ControlActivities['removeSchedule'] = async ({ crawlerId }) => {
  try {
    await getClient().schedule.getHandle(scheduleId(crawlerId)).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
};
