import { z } from 'zod';
import { REFRESH_OUTCOMES } from '../../catalog/refresh/named-tables.js';
import { timestamp } from './lists.js';

/** What somebody calls a table by. */
export const tableName = z
  .string()
  .trim()
  .min(1)
  .max(1_000)
  .meta({ description: 'A guid, the number of an entity, or a name: `orders`, `sales.orders`, `shop.sales.orders`.' });

export const newRefreshSchema = z
  .strictObject({ tables: z.array(tableName).min(1).max(50) })
  .meta({ id: 'NewTableRefresh' });

export const tableRefreshSchema = z
  .object({
    id: z.string(),
    status: z.enum(['running', 'done']),
    createdAt: timestamp,
    endedAt: timestamp.nullable(),
    items: z
      .array(
        z
          .object({
            asked: z.string(),
            outcome: z
              .enum(REFRESH_OUTCOMES)
              .nullable()
              .meta({
                description:
                  'Null while it is not known. `gone`: off the map now. `held`: missing, and a person must approve its ' +
                  'removal. `not-proved`: not seen, and kept. `not-found`: its source has none of the name.',
              }),
            message: z.string().optional(),
            remedy: z.string().optional(),
            code: z.string().optional(),
            change: z.string().optional().meta({ description: 'Of what was refreshed: added, changed or restored.' }),
            candidates: z
              .array(z.string())
              .optional()
              .meta({ description: 'What an ambiguous name may mean; each can be asked for.' }),
            runId: z.string().nullable().meta({ description: 'The run that reads it.' }),
            entityId: z.string().nullable(),
            waitsFor: z
              .int()
              .nullable()
              .meta({ description: 'The number of a run of the same crawler that must end first.' }),
          })
          .meta({ id: 'TableRefreshItem' }),
      )
      .meta({ description: 'In the order of the request.' }),
  })
  .meta({ id: 'TableRefresh' });
