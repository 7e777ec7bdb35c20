import { z } from 'zod';
import { entityKindSchema } from './entities.js';
import { decimalId, pageOf, timestamp } from './lists.js';
import { runChangeKindSchema } from './runs.js';
import { versionDiffSchema } from './versions.js';

export const planStateSchema = z.enum(['open', 'applied', 'discarded', 'outdated']).meta({ id: 'PlanState' });

const tables = z.int();
export const runPlanSchema = z
  .object({
    runId: z.string(),
    state: planStateSchema,
    note: z.string().nullable().meta({ description: 'Why it is outdated.' }),
    createdAt: timestamp,
    settledAt: timestamp.nullable(),
    appliedRunId: z.string().nullable().meta({ description: 'The run that applied it.' }),
    counts: z
      .object({
        added: tables,
        changed: tables,
        removed: tables,
        restored: tables,
        held: tables,
        unchanged: tables,
      })
      .meta({ description: 'Of tables. `held`: those whose removal would wait for a person.' }),
  })
  .meta({ id: 'RunPlan' });

export const planChangePageSchema = pageOf(
  z
    .object({
      id: decimalId,
      change: runChangeKindSchema,
      entityId: decimalId.nullable().meta({ description: 'Null for what would be new.' }),
      fromVersion: z.int().nullable(),
      toVersion: z.int().nullable(),
      guid: z.string(),
      kind: entityKindSchema,
      type: z.string(),
      name: z.string(),
      qualifiedName: z.string(),
      database: z.string(),
      schema: z.string().nullable(),
      diff: versionDiffSchema
        .nullable()
        .meta({ description: 'From what is on the map to what would be; null unless it would change.' }),
    })
    .meta({ id: 'PlanChange' }),
  'PlanChangePage',
);

export const revertPreviewSchema = z
  .object({
    remove: z.int().meta({ description: 'Were added or restored by the run, and would be removed.' }),
    change: z.int().meta({ description: 'Would get a new version with the content they had.' }),
    restore: z.int().meta({ description: 'Were removed by the run, and would be restored.' }),
    changedAgain: z.int().meta({ description: 'Were changed again since, and would be left alone.' }),
    partitionsNotKept: z
      .int()
      .meta({ description: 'Only their partitions were changed; those that were are not kept.' }),
    note: z.string(),
  })
  .meta({ id: 'RevertPreview' });
