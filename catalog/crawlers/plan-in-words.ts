import type { Plan } from './plan.js';

const WEEKDAY: Record<string, string> = {
  MONDAY: 'Mon',
  TUESDAY: 'Tue',
  WEDNESDAY: 'Wed',
  THURSDAY: 'Thu',
  FRIDAY: 'Fri',
  SATURDAY: 'Sat',
  SUNDAY: 'Sun',
};
const WEEK = Object.keys(WEEKDAY);

/** A plan as people say it, e.g. `Daily 02:30 Asia/Shanghai`. */
export function planInWords(plan: Plan): string {
  if (plan.mode === 'manual') return 'Manual';
  switch (plan.every) {
    case 'month': {
      const days = plan.days.toSorted((a, b) => a - b).join(', ');
      return `Monthly on day ${days} at ${clock(plan.hour, plan.minute)} ${plan.timeZone}`;
    }
    case 'week': {
      const days = plan.weekdays.toSorted((a, b) => WEEK.indexOf(a) - WEEK.indexOf(b)).map((day) => WEEKDAY[day]);
      return `Weekly on ${days.join(', ')} at ${clock(plan.hour, plan.minute)} ${plan.timeZone}`;
    }
    case 'day':
      return `Daily ${clock(plan.hour, plan.minute)} ${plan.timeZone}`;
    case 'hour': {
      const hours = plan.hours === undefined ? '' : ` from ${clock(plan.hours.from, 0)} to ${clock(plan.hours.to, 59)}`;
      return `${minutesInWords(plan.minutes)}${hours} ${plan.timeZone}`;
    }
  }
}

/** Evenly spread minutes are an interval, others are listed. */
function minutesInWords(minutes: readonly number[]): string {
  const sorted = minutes.toSorted((a, b) => a - b);
  const interval = 60 / sorted.length;
  const even = sorted.every((minute, place) => minute === place * interval);
  if (even && sorted.length > 1) return `Every ${interval} minutes`;
  return `Hourly at ${sorted.map((minute) => `:${String(minute).padStart(2, '0')}`).join(', ')}`;
}

function clock(hour: number, minute: number): string {
  return `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
}
