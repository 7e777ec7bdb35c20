import { z } from 'zod';
import { tableName } from './refreshes.js';

export const diagnosisQuery = z.strictObject({ name: tableName });

export const diagnosisSchema = z
  .object({
    name: z.string(),
    verdict: z
      .enum([
        'findable',
        'not-visible-or-not-there',
        'ambiguous',
        'out-of-scope',
        'not-at-source',
        'not-collected',
        'not-indexed',
        'source-not-asked',
      ])
      .meta({
        description: 'The first that fails. `source-not-asked`: on the map, but the source could not be asked.',
      }),
    message: z.string(),
    remedy: z.string().optional(),
    candidates: z.array(z.string()).optional(),
    entityId: z.string().nullable(),
    steps: z
      .array(
        z
          .object({
            id: z.enum(['in-scope', 'at-source', 'collected', 'visible', 'indexed']),
            state: z.enum(['passed', 'failed', 'skipped']),
            message: z.string(),
          })
          .meta({ id: 'DiagnosisStep' }),
      )
      .meta({ description: 'Empty for what you may not see: nothing is told of it, whether it is there or not.' }),
  })
  .meta({ id: 'Diagnosis' });
