import { z } from 'zod';
import { ownerSchema } from './annotations.js';
import { restrictedSchema } from './entities.js';
import { cursor, decimalId, flag, limit, pageOf } from './lists.js';

const column = {
  name: z.string(),
  ordinal: z.int(),
  type: z.string(),
  baseType: z.string().optional(),
  nullable: z.boolean(),
  default: z.string().optional(),
  generated: z.object({ expression: z.string(), stored: z.boolean() }).optional(),
  identity: z.enum(['always', 'by default', 'auto_increment']).optional(),
  collation: z.string().optional(),
  attributes: z.array(z.string()).optional(),
  comment: z.string().optional(),
};
export const columnSchema = z.object(column).meta({ id: 'Column' });

export const columnQuery = z.strictObject({
  q: z.string().max(200).optional().meta({ description: 'Found in name, type, comment or description.' }),
  name: z.string().max(200).optional().meta({ description: 'Found in the name.' }),
  type: z.string().max(200).optional().meta({ description: 'Found in the type, e.g. `int`.' }),
  comment: flag.optional().meta({ description: 'Whether it has a comment of the source or a description of people.' }),
  key: z
    .enum(['primary', 'unique', 'foreign', 'any', 'none'])
    .optional()
    .meta({ description: 'Whether it is part of such a key.' }),
  sort: z.enum(['ordinal', 'name', 'type']).default('ordinal'),
  order: z.enum(['asc', 'desc']).default('asc'),
  cursor,
  limit: limit(200, 2_000),
});
export const columnPageSchema = z
  .object({
    items: z.array(
      z
        .object({
          ...column,
          primaryKeyPlace: z.int().optional().meta({ description: '1-based place in the primary key.' }),
          keys: z
            .array(z.enum(['primary', 'unique', 'foreign']))
            .meta({ description: 'The sorts of keys it is part of.' }),
          description: z
            .string()
            .nullable()
            .meta({ description: "People's words, in Markdown; `comment` is the source's." }),
          origin: z
            .enum(['person', 'ai'])
            .nullable()
            .meta({ description: 'Of the description; `ai` where a person accepted a suggestion.' }),
          tags: z.array(z.string()),
          owners: z.array(ownerSchema),
        })
        .meta({ id: 'ListedColumn' }),
    ),
    total: z.int().meta({ description: 'Columns that the filter leaves, on all pages.' }),
    nextCursor: z.string().optional(),
  })
  .meta({ id: 'ColumnPage' });

export const partitionQuery = z.strictObject({
  prefix: z.string().max(500).optional(),
  order: z
    .enum(['asc', 'desc'])
    .default('asc')
    .meta({ description: 'By name; `desc` has the newest first where names are dates.' }),
  cursor,
  limit: limit(200, 2_000),
});
export const partitionPageSchema = pageOf(
  z
    .object({
      name: z.string(),
      ordinal: z.int(),
      bound: z.string().nullable(),
      parent: z.string().nullable(),
      rows: z.number().nullable(),
      bytes: z.number().nullable(),
      properties: z.record(z.string(), z.string()),
    })
    .meta({ id: 'Partition' }),
  'PartitionPage',
);

const referenceSchema = z
  .object({
    name: z.string(),
    columns: z.array(z.string()),
    references: z.union([
      z.object({
        database: z.string(),
        schema: z.string().nullable(),
        table: z.string(),
        columns: z.array(z.string()),
      }),
      restrictedSchema,
    ]),
    onUpdate: z.string().nullable(),
    onDelete: z.string().nullable(),
    entity: z
      .object({
        id: decimalId,
        type: z.string(),
        name: z.string(),
        qualifiedName: z.string(),
        database: z.string(),
        schema: z.string().nullable(),
      })
      .nullable()
      .meta({ description: 'The table at the other end; null where the map has none that you may see.' }),
  })
  .meta({ id: 'Reference' });
export const referenceListSchema = z.object({ items: z.array(referenceSchema) }).meta({ id: 'ReferenceList' });
export const referencePageSchema = pageOf(referenceSchema, 'ReferencePage');
