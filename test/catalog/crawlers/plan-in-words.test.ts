import { expect, test } from 'vitest';
import type { Plan } from '../../../catalog/crawlers/plan.js';
import { planInWords } from '../../../catalog/crawlers/plan-in-words.js';

const timeZone = 'Asia/Shanghai';
const hourly = (minutes: number[], hours?: { from: number; to: number }): Plan => ({
  mode: 'cycle',
  every: 'hour',
  minutes,
  timeZone,
  ...(hours === undefined ? {} : { hours }),
});

test.each<[Plan, string]>([
  [{ mode: 'manual' }, 'Manual'],
  [{ mode: 'cycle', every: 'day', hour: 2, minute: 30, timeZone }, 'Daily 02:30 Asia/Shanghai'],
  [
    { mode: 'cycle', every: 'week', weekdays: ['THURSDAY', 'MONDAY'], hour: 1, minute: 5, timeZone: 'UTC' },
    'Weekly on Mon, Thu at 01:05 UTC',
  ],
  [
    { mode: 'cycle', every: 'month', days: [15, 1], hour: 23, minute: 0, timeZone: 'UTC' },
    'Monthly on day 1, 15 at 23:00 UTC',
  ],
  [hourly([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]), 'Every 5 minutes Asia/Shanghai'],
  [hourly([30, 0], { from: 8, to: 18 }), 'Every 30 minutes from 08:00 to 18:59 Asia/Shanghai'],
  [hourly([15]), 'Hourly at :15 Asia/Shanghai'],
  [hourly([0]), 'Hourly at :00 Asia/Shanghai'],
  [hourly([40, 5]), 'Hourly at :05, :40 Asia/Shanghai'],
])('%j reads as %s', (plan, words) => {
  expect(planInWords(plan)).toBe(words);
});
