import type { CalendarSpec, Range, ScheduleSpec } from '@temporalio/client';
import type { Plan } from '../catalog/crawlers/plan.js';

export type CyclePlan = Extract<Plan, { mode: 'cycle' }>;

/**
 * A plan as Temporal's calendars, with every field spelt out as ranges with both ends. Two reasons: a range without an
 * end is encoded as ending at 1, and what is spelt out comes back from the server as it was sent, so that an edited
 * schedule is told from an untouched one by comparing. Intervals and cron are not used: the first know no time zone,
 * the second does not come back.
 */
export function toScheduleSpec(plan: CyclePlan): ScheduleSpec {
  return { calendars: [calendarOf(plan)], timezone: plan.timeZone };
}

/** Fires at second 0 of every minute. */
export const EVERY_MINUTE: ScheduleSpec = {
  calendars: [calendar({ hour: [range(0, 23)], minute: [range(0, 59)] })],
  timezone: 'UTC',
};

/**
 * How late an action may still be taken after the server was away: a cycle of minutes has its next turn soon, one of
 * days would be missed for a whole day. The plan may say another. Milliseconds.
 */
export function catchupWindow(plan: CyclePlan): number {
  return (plan.catchUpMinutes ?? (plan.every === 'hour' ? 10 : 60)) * 60_000;
}

function calendarOf(plan: CyclePlan): CalendarSpec {
  switch (plan.every) {
    case 'month':
      return calendar({ dayOfMonth: ranges(plan.days), hour: [range(plan.hour)], minute: [range(plan.minute)] });
    case 'week':
      return calendar({
        dayOfWeek: plan.weekdays.map((day) => ({ start: day, end: day, step: 1 })),
        hour: [range(plan.hour)],
        minute: [range(plan.minute)],
      });
    case 'day':
      return calendar({ hour: [range(plan.hour)], minute: [range(plan.minute)] });
    case 'hour':
      return calendar({
        hour: [plan.hours === undefined ? range(0, 23) : range(plan.hours.from, plan.hours.to)],
        minute: ranges(plan.minutes),
      });
  }
}

function calendar(
  times: Pick<CalendarSpec, 'dayOfMonth' | 'dayOfWeek'> & { hour: Range<number>[]; minute: Range<number>[] },
): CalendarSpec {
  return {
    second: [range(0)],
    dayOfMonth: [range(1, 31)],
    month: [{ start: 'JANUARY', end: 'DECEMBER', step: 1 }],
    year: [],
    dayOfWeek: [{ start: 'SUNDAY', end: 'SATURDAY', step: 1 }],
    comment: '',
    ...times,
  };
}

function range(start: number, end: number = start, step = 1): Range<number> {
  return { start, end, step };
}

/** Values as few ranges as read well: 0, 5, ... 55 is one range with a step, not twelve. */
function ranges(values: readonly number[]): Range<number>[] {
  const sorted = values.toSorted((a, b) => a - b);
  const [first, second] = sorted;
  const last = sorted.at(-1);
  if (first === undefined || second === undefined || last === undefined) return sorted.map((value) => range(value));
  const step = second - first;
  const even = sorted.every((value, index) => value === first + index * step);
  return even && sorted.length > 2 ? [range(first, last, step)] : sorted.map((value) => range(value));
}
