import { WEEKDAYS } from '../crawlers/plan.js';

export type Weekday = (typeof WEEKDAYS)[number];

/** A window in which a source is left alone, by the clock on the wall in a time zone. */
export interface QuietHours {
  /** `HH:MM`, the first quiet minute. */
  from: string;
  /** `HH:MM`, the first minute after; earlier than `from` when the window goes over midnight. */
  to: string;
  timeZone: string;
  /** Days on which the window begins; every day when left out. */
  days?: Weekday[];
}

const MINUTE = 60_000;
/** Several windows may follow upon each other; further than this nobody looks ahead. */
const FARTHEST_MINUTES = 48 * 60;
const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * When the windows that are on at a moment have ended: the first minute at which the clock stands outside of all of
 * them. Undefined when none is on.
 *
 * Goes by the clock on the wall alone, so a change to or from summer time makes a night's window an hour shorter or
 * longer, and neither skips it nor ends it at another time of day.
 */
export function quietUntil(windows: readonly QuietHours[], now: Date): Date | undefined {
  const isQuiet = (at: Date) => windows.some((window) => isWithin(window, at));
  if (windows.length === 0 || !isQuiet(now)) return undefined;
  const minute = Math.floor(now.getTime() / MINUTE) * MINUTE;
  for (let ahead = 1; ahead < FARTHEST_MINUTES; ahead += 1) {
    const at = new Date(minute + ahead * MINUTE);
    if (!isQuiet(at)) return at;
  }
  return new Date(minute + FARTHEST_MINUTES * MINUTE);
}

function isWithin({ from, to, timeZone, days }: QuietHours, at: Date): boolean {
  const { time, day } = wallClock(timeZone, at);
  if (from < to) return time >= from && time < to && begins(days, day);
  if (time >= from) return begins(days, day);
  // After midnight it is the window of the day before.
  return time < to && begins(days, (day + 6) % 7);
}

function begins(days: QuietHours['days'], day: number): boolean {
  const name = WEEKDAYS[day];
  return days === undefined || (name !== undefined && days.includes(name));
}

/** `HH:MM` and the place of the day in WEEKDAYS. */
function wallClock(timeZone: string, at: Date): { time: string; day: number } {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      weekday: 'long',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const weekday = (parts['weekday'] ?? '').toUpperCase();
  return { time: `${parts['hour']}:${parts['minute']}`, day: WEEKDAYS.indexOf(weekday as Weekday) };
}
