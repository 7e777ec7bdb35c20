import { expect, test } from 'vitest';
import { type QuietHours, quietUntil } from '../../../catalog/governor/quiet-hours.js';

const berlin = (from: string, to: string, days?: QuietHours['days']): QuietHours => ({
  from,
  to,
  timeZone: 'Europe/Berlin',
  ...(days === undefined ? {} : { days }),
});

test.each<[string, QuietHours[], string, string | undefined]>([
  ['within a window of one day', [berlin('12:00', '14:00')], '2026-01-15T11:30:00Z', '2026-01-15T13:00:00.000Z'],
  ['at its first minute', [berlin('12:00', '14:00')], '2026-01-15T11:00:00Z', '2026-01-15T13:00:00.000Z'],
  ['at its end', [berlin('12:00', '14:00')], '2026-01-15T13:00:00Z', undefined],
  ['before midnight', [berlin('22:00', '06:00')], '2026-01-15T22:00:00Z', '2026-01-16T05:00:00.000Z'],
  ['after midnight', [berlin('22:00', '06:00')], '2026-01-16T00:00:00Z', '2026-01-16T05:00:00.000Z'],
  ['on no day of the window', [berlin('22:00', '06:00', ['SATURDAY'])], '2026-01-15T22:00:00Z', undefined],
  // The night of Saturday goes on into Sunday, that of Sunday does not begin.
  [
    'in a night that began on its day',
    [berlin('22:00', '06:00', ['SATURDAY'])],
    '2026-01-18T03:00:00Z',
    '2026-01-18T05:00:00.000Z',
  ],
  ['in a night that began on another', [berlin('22:00', '06:00', ['SATURDAY'])], '2026-01-19T03:00:00Z', undefined],
  // 2026-03-29: 02:00 becomes 03:00, the night is an hour shorter.
  [
    'in the night of a change to summer time',
    [berlin('22:00', '06:00')],
    '2026-03-28T21:30:00Z',
    '2026-03-29T04:00:00.000Z',
  ],
  [
    'where the end is skipped by the change',
    [berlin('00:30', '02:30')],
    '2026-03-29T00:10:00Z',
    '2026-03-29T01:00:00.000Z',
  ],
  // 2026-10-25: 03:00 becomes 02:00, the night is an hour longer.
  [
    'in the night of a change from summer time',
    [berlin('22:00', '06:00')],
    '2026-10-24T21:00:00Z',
    '2026-10-25T05:00:00.000Z',
  ],
  [
    'in windows that follow upon each other',
    [berlin('12:00', '13:00'), berlin('12:30', '15:00')],
    '2026-01-15T11:15:00Z',
    '2026-01-15T14:00:00.000Z',
  ],
  ['without windows', [], '2026-01-15T11:15:00Z', undefined],
])('tells when quiet hours end: %s', (_name, windows, now, until) => {
  expect(quietUntil(windows, new Date(now))?.toISOString()).toBe(until);
});
