/** How long ago something changed, as a filter: each reaches to now, but for `older`. */
export const UPDATED = ['today', '7d', '30d', '1y', 'older'] as const;
export type Updated = (typeof UPDATED)[number];

const DAY = 86_400_000;
/** Days before the present one, by UTC, from which on each value counts. */
const DAYS: Record<Exclude<Updated, 'older'>, number> = { today: 0, '7d': 7, '30d': 30, '1y': 365 };

/**
 * From when, and until before when, a change counts for a value. By whole days, so that the pages of one search agree.
 * @returns milliseconds since 1970; of `from` and `before` one is missing
 */
export function rangeOf(value: Updated, now = Date.now()): { from?: number; before?: number } {
  const start = (days: number) => (Math.floor(now / DAY) - days) * DAY;
  return value === 'older' ? { before: start(DAYS['1y']) } : { from: start(DAYS[value]) };
}

/** Whether a text is one of the values. */
export function isUpdated(value: string): value is Updated {
  return (UPDATED as readonly string[]).includes(value);
}
