import { z } from 'zod';
import { timestamp } from './lists.js';

export const newPreviewSchema = z
  .strictObject({
    rows: z.int().min(1).max(100).default(20).meta({ description: 'How many, at most 100.' }),
    columns: z
      .array(z.string().min(1).max(256))
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'As the source spells them, in the order wanted; without any the first 100.' }),
  })
  .meta({ id: 'NewPreview' });
export const previewStartedSchema = z.object({ id: z.string() }).meta({ id: 'PreviewStarted' });

const cellSchema = z
  .object({
    text: z.string().nullable().meta({ description: 'Null for NULL and for binary values; `***` is a mask.' }),
    bytes: z.number().optional().meta({ description: 'The size of a binary value, of which nothing else is read.' }),
    cut: z.literal(true).optional().meta({ description: 'The value is longer than is shown.' }),
  })
  .meta({ id: 'PreviewCell' });

const maskingSchema = z
  .object({
    rule: z.string().meta({ description: 'As `GET /preview-rules` lists them.' }),
    by: z.enum(['name', 'content']),
    because: z.string(),
    values: z.int().meta({ description: 'Values that it was found in.' }),
  })
  .meta({ id: 'PreviewMasking' });

export const previewSchema = z
  .object({
    id: z.string(),
    entityId: z.string(),
    status: z.enum(['queued', 'running', 'done', 'failed', 'cancelled']),
    error: z
      .object({ code: z.string(), message: z.string(), remedy: z.string().optional() })
      .nullable()
      .meta({ description: 'Why there are no rows, and what to do.' }),
    worker: z.string().nullable(),
    createdAt: timestamp,
    endedAt: timestamp.nullable(),
    expiresAt: timestamp.meta({ description: 'Nothing of it can be read after that.' }),
    columns: z
      .array(
        z
          .object({
            name: z.string(),
            type: z.string(),
            masked: z
              .object({
                whole: z.boolean().meta({ description: 'Every value is masked, and not only what was found in some.' }),
                rules: z.array(maskingSchema),
              })
              .nullable(),
          })
          .meta({ id: 'PreviewColumn' }),
      )
      .optional(),
    rows: z
      .array(z.array(cellSchema))
      .optional()
      .meta({ description: 'In no order, a cell for each column. Values are text as the source writes it.' }),
    refusedColumns: z
      .array(z.string())
      .optional()
      .meta({ description: 'Left out, because the account of the data source may not read them.' }),
    moreColumns: z.int().optional().meta({ description: 'Left out, because there are more than 100: name them.' }),
    valueLength: z.int().optional().meta({ description: 'Characters of a value that are shown.' }),
  })
  .meta({ id: 'Preview' });

export const previewQuery = z.strictObject({
  wait: z.coerce
    .number()
    .int()
    .min(0)
    .max(25)
    .default(0)
    .meta({ description: 'Seconds to wait for the rows before answering.' }),
});

export const previewRulesSchema = z
  .object({
    items: z.array(
      z
        .object({
          id: z.string(),
          by: z.enum(['name', 'content']),
          finds: z.string(),
          description: z.string(),
          wholeColumn: z.string().meta({ description: 'When it masks every value of a column.' }),
        })
        .meta({ id: 'PreviewRule' }),
    ),
  })
  .meta({ id: 'PreviewRuleList' });
