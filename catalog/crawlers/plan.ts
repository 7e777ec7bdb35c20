import { z } from 'zod';

const minute = z.int().min(0).max(59);
const hour = z.int().min(0).max(23);
export const timeZone = z.string().refine(isTimeZone, 'is not the name of a time zone, such as Asia/Shanghai or UTC');
const distinct = <T extends z.ZodType>(item: T, max: number) =>
  z
    .array(item)
    .min(1)
    .max(max)
    .refine((values) => new Set(values).size === values.length, 'must not repeat a value');

const catchUpMinutes = z.int().min(1).max(1_440).optional().meta({
  description:
    'How late a run may still start after the engine was away. Left out: 10 minutes within the hour, else 60. A turn that is later is left out.',
});

export const WEEKDAYS = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'] as const;

/**
 * When a crawler runs: by hand, or by cycle in a named time zone. Times are literal clock times: a time that a
 * change to summer time skips does not fire, one that it repeats fires twice west of Greenwich and once east of it,
 * where the engine passes over the first. A preview asks the engine, so it shows what will be.
 */
export const planSchema = z
  .discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('manual') }),
    z.discriminatedUnion('every', [
      z.strictObject({
        mode: z.literal('cycle'),
        every: z.literal('month'),
        days: distinct(z.int().min(1).max(31), 31),
        hour,
        minute,
        timeZone,
        catchUpMinutes,
      }),
      z.strictObject({
        mode: z.literal('cycle'),
        every: z.literal('week'),
        weekdays: distinct(z.enum(WEEKDAYS), 7),
        hour,
        minute,
        timeZone,
        catchUpMinutes,
      }),
      z.strictObject({ mode: z.literal('cycle'), every: z.literal('day'), hour, minute, timeZone, catchUpMinutes }),
      z.strictObject({
        mode: z.literal('cycle'),
        every: z.literal('hour'),
        /** The minutes of each hour, e.g. 0, 5, ... 55 for every five minutes. At most twelve an hour. */
        minutes: distinct(minute, 12),
        /** Both ends included; the whole day when left out. */
        hours: z
          .strictObject({ from: hour, to: hour })
          .refine((range) => range.from <= range.to, 'must not end before it starts')
          .optional(),
        timeZone,
        catchUpMinutes,
      }),
    ]),
  ])
  .meta({ id: 'Plan' });

export type Plan = z.infer<typeof planSchema>;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
