import { Client, Connection } from '@temporalio/client';
import { encodeScheduleSpec } from '@temporalio/client/lib/schedule-helpers.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { CyclePlan } from '../../orchestrator/schedule-spec.js';
import { catchupWindow, EVERY_MINUTE, toScheduleSpec } from '../../orchestrator/schedule-spec.js';

const zone = 'Asia/Shanghai';
const at = (hour: number, minute = 0) => ({ hour, minute, timeZone: zone, mode: 'cycle' as const });

/** Fields of the encoded calendar that a plan sets, as `start-end/step`. */
const cases: [name: string, plan: CyclePlan, encoded: Record<string, string[]>][] = [
  ['daily', { ...at(2, 30), every: 'day' }, { hour: ['2-2/1'], minute: ['30-30/1'] }],
  ['daily at midnight', { ...at(0), every: 'day' }, { hour: ['0-0/1'], minute: ['0-0/1'] }],
  [
    'weekly',
    { ...at(1), every: 'week', weekdays: ['MONDAY', 'THURSDAY', 'SUNDAY'] },
    { hour: ['1-1/1'], minute: ['0-0/1'], dayOfWeek: ['1-1/1', '4-4/1', '0-0/1'] },
  ],
  [
    'monthly',
    { ...at(1), every: 'month', days: [15, 1] },
    { hour: ['1-1/1'], minute: ['0-0/1'], dayOfMonth: ['1-1/1', '15-15/1'] },
  ],
  [
    'monthly on the 31st',
    { ...at(1), every: 'month', days: [31] },
    { hour: ['1-1/1'], minute: ['0-0/1'], dayOfMonth: ['31-31/1'] },
  ],
  [
    'every five minutes',
    { mode: 'cycle', every: 'hour', minutes: [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55], timeZone: zone },
    { hour: ['0-23/1'], minute: ['0-55/5'] },
  ],
  [
    'hourly on the hour',
    { mode: 'cycle', every: 'hour', minutes: [0], timeZone: zone },
    { hour: ['0-23/1'], minute: ['0-0/1'] },
  ],
  [
    'hourly, two minutes',
    { mode: 'cycle', every: 'hour', minutes: [45, 15], timeZone: zone },
    { hour: ['0-23/1'], minute: ['15-15/1', '45-45/1'] },
  ],
  [
    'hourly, uneven minutes',
    { mode: 'cycle', every: 'hour', minutes: [0, 10, 25], timeZone: zone },
    { hour: ['0-23/1'], minute: ['0-0/1', '10-10/1', '25-25/1'] },
  ],
  [
    'hourly in a window, both ends included',
    { mode: 'cycle', every: 'hour', minutes: [0, 30], hours: { from: 8, to: 18 }, timeZone: zone },
    { hour: ['8-18/1'], minute: ['0-0/1', '30-30/1'] },
  ],
  [
    'a window of the first hour alone',
    { mode: 'cycle', every: 'hour', minutes: [15], hours: { from: 0, to: 0 }, timeZone: zone },
    { hour: ['0-0/1'], minute: ['15-15/1'] },
  ],
];

const ANY = {
  second: ['0-0/1'],
  dayOfMonth: ['1-31/1'],
  month: ['1-12/1'],
  year: [],
  dayOfWeek: ['0-6/1'],
};

type Encoded = { start?: number | null; end?: number | null; step?: number | null };
const text = (ranges: unknown) => (ranges as Encoded[]).map(({ start, end, step }) => `${start}-${end}/${step}`);

describe('a plan as a schedule', () => {
  it.each(cases)('%s encodes as meant', (_name, plan, expected) => {
    const spec = encodeScheduleSpec(toScheduleSpec(plan));
    expect(spec.timezoneName).toBe(zone);
    expect(spec.interval ?? []).toEqual([]);
    expect(spec.cronString ?? []).toEqual([]);
    expect(spec.structuredCalendar).toHaveLength(1);
    const { comment: _comment, ...calendar } = spec.structuredCalendar?.[0] ?? {};
    expect(Object.fromEntries(Object.entries(calendar).map(([field, ranges]) => [field, text(ranges)]))).toEqual({
      ...ANY,
      ...expected,
    });
  });

  it('sweeps the outbox once a minute, not sixty times', () => {
    const [calendar] = encodeScheduleSpec(EVERY_MINUTE).structuredCalendar ?? [];
    expect(text(calendar?.second)).toEqual(['0-0/1']);
    expect(text(calendar?.minute)).toEqual(['0-59/1']);
  });

  it('catches up an hour late for days, ten minutes late within the hour', () => {
    expect(catchupWindow({ ...at(2), every: 'day' })).toBe(3_600_000);
    expect(catchupWindow({ mode: 'cycle', every: 'hour', minutes: [0], timeZone: zone })).toBe(600_000);
    expect(catchupWindow({ ...at(2), every: 'day', catchUpMinutes: 5 })).toBe(300_000);
  });
});

/** Cases with a change of clocks, an odd offset, or a short month ahead; all in the future of the server that computes. */
const clocks: { what: string; zone: string; from: string; instead?: string[]; [field: string]: unknown }[] = [
  { what: 'the gap of spring', zone: 'Europe/Berlin', from: '2030-03-29T12:00:00Z', every: 'day', hour: 2, minute: 30 },
  { what: 'just after the gap', zone: 'Europe/Berlin', from: '2030-03-29T12:00:00Z', every: 'day', hour: 3, minute: 0 },
  {
    what: 'autumn repeats it',
    zone: 'Europe/Berlin',
    from: '2030-10-25T12:00:00Z',
    instead: [
      '2030-10-26T00:30:00.000Z',
      '2030-10-27T01:30:00.000Z',
      '2030-10-28T01:30:00.000Z',
      '2030-10-29T01:30:00.000Z',
    ],
    every: 'day',
    hour: 2,
    minute: 30,
  },
  {
    what: 'the gap of spring',
    zone: 'America/New_York',
    from: '2031-03-07T12:00:00Z',
    every: 'day',
    hour: 2,
    minute: 0,
  },
  {
    what: 'autumn repeats it',
    zone: 'America/New_York',
    from: '2030-11-01T12:00:00Z',
    every: 'day',
    hour: 1,
    minute: 30,
  },
  {
    what: 'weekly on the day of the gap',
    zone: 'America/New_York',
    from: '2031-03-01T12:00:00Z',
    every: 'week',
    weekdays: ['SUNDAY'],
    hour: 2,
    minute: 15,
  },
  {
    what: 'each half hour through the gap',
    zone: 'Europe/Berlin',
    from: '2030-03-31T00:10:00Z',
    every: 'hour',
    minutes: [0, 30],
  },
  {
    what: 'each half hour through the repeat',
    zone: 'Europe/Berlin',
    from: '2030-10-27T00:10:00Z',
    instead: [
      '2030-10-27T01:30:00.000Z',
      '2030-10-27T02:00:00.000Z',
      '2030-10-27T02:30:00.000Z',
      '2030-10-27T03:00:00.000Z',
    ],
    every: 'hour',
    minutes: [0, 30],
  },
  { what: 'a half-hour offset', zone: 'Asia/Kolkata', from: '2030-06-01T00:00:00Z', every: 'day', hour: 0, minute: 15 },
  {
    what: 'three quarters of an hour',
    zone: 'Asia/Kathmandu',
    from: '2030-06-01T00:00:00Z',
    every: 'hour',
    minutes: [5, 50],
  },
  {
    what: 'clocks that move by half an hour, spring',
    zone: 'Australia/Lord_Howe',
    from: '2030-10-04T12:00:00Z',
    instead: [
      '2030-10-04T15:45:00.000Z',
      '2030-10-05T15:45:00.000Z',
      '2030-10-06T15:15:00.000Z',
      '2030-10-07T15:15:00.000Z',
    ],
    every: 'day',
    hour: 2,
    minute: 15,
  },
  {
    what: 'clocks that move by half an hour, autumn',
    zone: 'Australia/Lord_Howe',
    from: '2031-04-04T12:00:00Z',
    instead: [
      '2031-04-04T14:45:00.000Z',
      '2031-04-05T15:15:00.000Z',
      '2031-04-06T15:15:00.000Z',
      '2031-04-07T15:15:00.000Z',
    ],
    every: 'day',
    hour: 1,
    minute: 45,
  },
  { what: 'a gap at midnight', zone: 'Africa/Cairo', from: '2031-04-22T12:00:00Z', every: 'day', hour: 0, minute: 30 },
  {
    what: 'the 29th to 31st, over February',
    zone: 'Asia/Shanghai',
    from: '2031-01-28T20:00:00Z',
    every: 'month',
    days: [29, 31],
    hour: 1,
    minute: 0,
  },
  {
    what: 'the 29th of a leap year',
    zone: 'UTC',
    from: '2032-02-01T00:00:00Z',
    every: 'month',
    days: [29],
    hour: 23,
    minute: 59,
  },
  {
    what: 'the last day of a year, ahead of UTC',
    zone: 'Pacific/Kiritimati',
    from: '2030-12-30T00:00:00Z',
    every: 'month',
    days: [1, 31],
    hour: 0,
    minute: 0,
  },
  {
    what: 'a window of hours on the day of the repeat',
    zone: 'America/New_York',
    from: '2030-11-03T04:00:00Z',
    every: 'hour',
    minutes: [0],
    hours: { from: 1, to: 2 },
  },
];

/** The first minutes at which a clock on a wall of the zone shows the plan's time: found by looking at every minute. */
function shownByClocks(plan: CyclePlan, from: string, count: number): string[] {
  const wall = new Intl.DateTimeFormat('en-GB', {
    timeZone: plan.timeZone,
    weekday: 'long',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
  });
  const found: string[] = [];
  for (let at = Date.parse(from); found.length < count; at += 5 * 60_000) {
    for (const time of minutesFrom(at, plan)) {
      const parts = Object.fromEntries(wall.formatToParts(time).map(({ type, value }) => [type, value]));
      if (isShown(plan, parts)) found.push(new Date(time).toISOString());
    }
  }
  return found.slice(0, count);
}

/** Of five minutes those that can matter: the plan's last digits, as no zone is off by less than five minutes. */
function minutesFrom(at: number, plan: CyclePlan): number[] {
  const minutes = plan.every === 'hour' ? plan.minutes : [plan.minute];
  return [0, 1, 2, 3, 4]
    .map((minute) => at + minute * 60_000)
    .filter((time) => minutes.some((minute) => (new Date(time).getUTCMinutes() - minute) % 5 === 0));
}

function isShown(plan: CyclePlan, parts: Record<string, string>): boolean {
  const [hour, minute, day] = [Number(parts['hour']), Number(parts['minute']), Number(parts['day'])];
  if (plan.every === 'hour')
    return plan.minutes.includes(minute) && hour >= (plan.hours?.from ?? 0) && hour <= (plan.hours?.to ?? 23);
  if (hour !== plan.hour || minute !== plan.minute) return false;
  if (plan.every === 'month') return plan.days.includes(day);
  return plan.every === 'day' || plan.weekdays.includes(parts['weekday']?.toUpperCase() as never);
}

describe('the times that the server computes', () => {
  let connection: Connection;
  let client: Client;
  beforeAll(async () => {
    connection = await Connection.connect({ address: inject('temporal') });
    client = new Client({ connection });
  });
  afterAll(() => connection.close());

  /** Times of a plan from a day on, as the server lists them. */
  async function times(plan: CyclePlan, startAt: string): Promise<string[]> {
    const handle = await client.schedule.create({
      scheduleId: `spec-${crypto.randomUUID()}`,
      spec: { ...toScheduleSpec(plan), startAt: new Date(startAt) },
      action: { type: 'startWorkflow', workflowType: 'none', taskQueue: 'none' },
      state: { paused: true },
    });
    try {
      return (await handle.describe()).info.nextActionTimes.slice(0, 4).map((time) => time.toISOString());
    } finally {
      await handle.delete();
    }
  }

  it.each(clocks)(
    'are those at which clocks show it: $zone, $what',
    async ({ zone: timeZone, from, instead, ...plan }) => {
      const { what: _, ...fields } = plan;
      const cycle = { mode: 'cycle', timeZone, ...fields } as CyclePlan;
      expect(await times(cycle, from)).toEqual(instead ?? shownByClocks(cycle, from, 4));
    },
  );

  it('are local times of the plan’s zone', async () => {
    expect(await times({ ...at(2, 30), every: 'day' }, '2050-01-01T00:00:00Z')).toEqual([
      '2050-01-01T18:30:00.000Z',
      '2050-01-02T18:30:00.000Z',
      '2050-01-03T18:30:00.000Z',
      '2050-01-04T18:30:00.000Z',
    ]);
  });

  it('skip the day on which summer time swallows the hour', async () => {
    const berlin: CyclePlan = { mode: 'cycle', every: 'day', hour: 2, minute: 30, timeZone: 'Europe/Berlin' };
    // Summer time began at 02:00 on 2030-03-31: there was no 02:30.
    expect(await times(berlin, '2030-03-29T12:00:00Z')).toEqual([
      '2030-03-30T01:30:00.000Z',
      '2030-04-01T00:30:00.000Z',
      '2030-04-02T00:30:00.000Z',
      '2030-04-03T00:30:00.000Z',
    ]);
  });

  it('come twice in the hour that the end of summer time repeats', async () => {
    const newYork: CyclePlan = { mode: 'cycle', every: 'day', hour: 1, minute: 30, timeZone: 'America/New_York' };
    expect(await times(newYork, '2030-11-02T12:00:00Z')).toEqual([
      '2030-11-03T05:30:00.000Z',
      '2030-11-03T06:30:00.000Z',
      '2030-11-04T06:30:00.000Z',
      '2030-11-05T06:30:00.000Z',
    ]);
  });

  it('include both ends of an hourly window', async () => {
    const window: CyclePlan = {
      mode: 'cycle',
      every: 'hour',
      minutes: [0, 30],
      hours: { from: 17, to: 18 },
      timeZone: 'UTC',
    };
    expect(await times(window, '2050-05-05T00:00:00Z')).toEqual([
      '2050-05-05T17:00:00.000Z',
      '2050-05-05T17:30:00.000Z',
      '2050-05-05T18:00:00.000Z',
      '2050-05-05T18:30:00.000Z',
    ]);
  });

  it('leave out months without a 31st', async () => {
    expect(await times({ ...at(8), every: 'month', days: [31] }, '2050-03-15T00:00:00Z')).toEqual([
      '2050-03-31T00:00:00.000Z',
      '2050-05-31T00:00:00.000Z',
      '2050-07-31T00:00:00.000Z',
      '2050-08-31T00:00:00.000Z',
    ]);
  });

  it('name weekdays as people do', async () => {
    const plan: CyclePlan = {
      mode: 'cycle',
      every: 'week',
      weekdays: ['MONDAY', 'SUNDAY'],
      hour: 6,
      minute: 0,
      timeZone: 'UTC',
    };
    // 2050-01-01 is a Saturday.
    expect(await times(plan, '2050-01-01T00:00:00Z')).toEqual([
      '2050-01-02T06:00:00.000Z',
      '2050-01-03T06:00:00.000Z',
      '2050-01-09T06:00:00.000Z',
      '2050-01-10T06:00:00.000Z',
    ]);
  });
});
