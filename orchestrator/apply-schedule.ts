import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  ScheduleNotFoundError,
} from '@temporalio/client';
import { type DesiredSchedule, isAsDesired } from './desired-schedule.js';

/**
 * Writes a schedule as a whole, unless it stands as wanted. An update is not compare-and-set on the server's side, so
 * nothing of the old one is ever carried over.
 */
export async function applySchedule(
  client: Client,
  desired: DesiredSchedule,
): Promise<'created' | 'overwritten' | 'unchanged'> {
  const found = await describeSchedule(client, desired.scheduleId);
  if (found === undefined) {
    try {
      await client.schedule.create(desired);
      return 'created';
    } catch (error) {
      // Someone else made it since we looked; theirs may be of an older plan.
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    }
  } else if (isAsDesired(found, desired)) {
    return 'unchanged';
  }
  const { spec, action, policies, state, typedSearchAttributes } = desired;
  await client.schedule.getHandle(desired.scheduleId).update(() => ({
    spec,
    action,
    ...(policies === undefined ? {} : { policies }),
    state: state ?? {},
    ...(typedSearchAttributes === undefined ? {} : { typedSearchAttributes }),
  }));
  return 'overwritten';
}

/** Returns whether there was one. */
export async function removeSchedule(client: Client, scheduleId: string): Promise<boolean> {
  try {
    await client.schedule.getHandle(scheduleId).delete();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}

export async function describeSchedule(client: Client, scheduleId: string): Promise<ScheduleDescription | undefined> {
  try {
    return await client.schedule.getHandle(scheduleId).describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}
