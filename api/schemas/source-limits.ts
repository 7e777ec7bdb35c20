import { z } from 'zod';
import { timeZone, WEEKDAYS } from '../../catalog/crawlers/plan.js';

const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day as HH:MM, from 00:00 to 23:59');
const queriesPerSecond = z.number().min(0.1).max(10_000);

export const sourceLimitsSchema = z
  .strictObject({
    maxConnections: z
      .int()
      .min(1)
      .max(1_000)
      .optional()
      .meta({ description: 'Connections at once, over the crawls, tests and listings of all workers.' }),
    queriesPerSecond: queriesPerSecond.optional().meta({ description: 'Statements a second, over all workers.' }),
    quietHours: z
      .strictObject({
        from: clockTime,
        to: clockTime.meta({ description: 'Earlier than `from` where the window goes over midnight.' }),
        timeZone,
        days: z
          .array(z.enum(WEEKDAYS))
          .min(1)
          .max(7)
          .optional()
          .meta({ description: 'On which the window begins; every day when left out.' }),
      })
      .refine(({ from, to }) => from !== to, { path: ['to'], message: 'must not be the same time as from' })
      .optional()
      .meta({ description: 'In which no run collects.' }),
  })
  .meta({
    id: 'SourceLimits',
    description:
      'Data sources that name the same instance share a server: for each limit the tightest of theirs holds, and all quiet hours do.',
  });

export const throttleSchema = z
  .strictObject({
    lanes: z
      .int()
      .min(1)
      .max(100)
      .nullable()
      .optional()
      .meta({ description: 'Databases read at once. Left out it stays, null lifts it.' }),
    queriesPerSecond: queriesPerSecond
      .nullable()
      .optional()
      .meta({ description: 'Statements a second of this run. Left out it stays, null lifts it.' }),
  })
  .refine((change) => Object.keys(change).length > 0, { message: 'must name lanes or queriesPerSecond' })
  .meta({ id: 'RunThrottleChange' });

export const runThrottleSchema = z
  .object({ lanes: z.int().optional(), queriesPerSecond: z.number().optional() })
  .meta({ id: 'RunThrottle', description: 'What a person held the run to; empty when nothing.' });
