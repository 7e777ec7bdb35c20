import { z } from 'zod';
import { entityKindSchema } from './entities.js';
import { cursor, decimalId, limit, pageOf } from './lists.js';
import { runChangeKindSchema } from './runs.js';

export const runChangeQuery = z.strictObject({
  change: runChangeKindSchema.optional(),
  cursor,
  limit: limit(100, 500),
});
export const runChangePageSchema = pageOf(
  z
    .object({
      entityId: decimalId,
      guid: z.string(),
      kind: entityKindSchema,
      type: z.string(),
      name: z.string(),
      qualifiedName: z.string(),
      database: z.string(),
      schema: z.string().nullable(),
      change: runChangeKindSchema,
      fromVersion: z.int().nullable().meta({ description: 'Null for what was new.' }),
      toVersion: z
        .int()
        .nullable()
        .meta({ description: 'Null for what is gone or held; as `fromVersion` where only partitions changed.' }),
    })
    .meta({ id: 'RunChange' }),
  'RunChangePage',
);
