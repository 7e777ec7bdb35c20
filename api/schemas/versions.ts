import { z } from 'zod';
import { restrictedParts, structureFields } from './entities.js';
import { decimalId, pageOf, timestamp } from './lists.js';
import { columnSchema } from './table-parts.js';

export const versionParams = z.strictObject({
  id: decimalId,
  version: z.coerce
    .number()
    .int()
    .min(1)
    .max(2 ** 31 - 1),
});
const versionNumber = z.coerce
  .number()
  .int()
  .min(1)
  .max(2 ** 31 - 1);

const versionSummary = {
  version: z.int(),
  recordedAt: timestamp,
  runId: z.string(),
  guid: z.string(),
  type: z.string(),
};
export const versionPageSchema = pageOf(z.object(versionSummary).meta({ id: 'VersionSummary' }), 'VersionPage');
export const versionSchema = z
  .object({
    ...versionSummary,
    owner: z.string().nullable(),
    comment: z.string().nullable(),
    structure: z.object({ columns: z.array(columnSchema), ...structureFields }),
  })
  .meta({ id: 'Version' });

export const ddlSchema = z
  .object({
    version: z.int(),
    sourceType: z.string().meta({ description: 'Whose dialect it is.' }),
    text: z.string().meta({ description: 'Comment lines with the notes, then the statements.' }),
    notes: z.array(z.string()).meta({ description: 'What is left out or needed, a sentence each.' }),
  })
  .meta({ id: 'Ddl' });

export const diffQuery = z.strictObject({ from: versionNumber, to: versionNumber });
const valueChangeSchema = z
  .object({ field: z.string(), from: z.unknown(), to: z.unknown() })
  .meta({ id: 'ValueChange', description: 'A value before and after; null where there was or is none.' });
const named = z.looseObject({ name: z.string() });
const changedSchema = z.object({ name: z.string(), changes: z.array(valueChangeSchema) }).meta({ id: 'NamedChange' });
const listDiff = <Item extends z.ZodType>(item: Item) => ({
  added: z.array(item),
  removed: z.array(item),
  changed: z.array(changedSchema),
});
export const versionDiffSchema = z
  .object({
    from: z.int(),
    to: z.int(),
    properties: z.array(valueChangeSchema),
    columns: z.object({
      ...listDiff(columnSchema),
      possibleRenames: z
        .array(z.object({ from: z.string(), to: z.string() }))
        .meta({ description: 'A guess: a removed and an added column that differ in name alone.' }),
      aligned: z
        .array(
          z
            .object({
              change: z.enum(['same', 'changed', 'added', 'removed', 'possibly renamed']),
              from: columnSchema.nullable(),
              to: columnSchema.nullable(),
            })
            .meta({ id: 'AlignedColumn' }),
        )
        .meta({ description: 'Every column of either version, side by side, in the order of the later one.' }),
    }),
    keys: z.object(listDiff(named)),
    indexes: z.object(listDiff(named)),
    viewDefinition: z.string().nullable().meta({ description: "A unified diff of the view's text." }),
    restricted: restrictedParts,
  })
  .meta({ id: 'VersionDiff' });
export const tableVersionDiffSchema = versionDiffSchema
  .extend({
    ddl: z.string().nullable().meta({
      description:
        'A unified diff of the statements that make the two; null where they are the same, or the source has none.',
    }),
  })
  .meta({ id: 'TableVersionDiff' });
