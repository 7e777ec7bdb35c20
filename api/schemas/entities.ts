import { z } from 'zod';
import { annotationSchema } from './annotations.js';
import { gapSchema } from './data-sources.js';
import { cursor, decimalId, flag, limit, pageOf, timestamp, uuid } from './lists.js';
import { runChangeKindSchema } from './runs.js';
import { visibilitySchema } from './workspaces.js';

const reference = z.object({ id: z.string(), name: z.string() });
export const entityKindSchema = z.enum(['database', 'schema', 'table']).meta({ id: 'EntityKind' });

const summary = {
  id: decimalId,
  guid: z.string(),
  kind: entityKindSchema,
  type: z.string().meta({ description: 'DATABASE, SCHEMA, TABLE, VIEW, MATERIALIZED_VIEW and the like.' }),
  name: z.string(),
  qualifiedName: z.string(),
  database: z.string(),
  schema: z.string().nullable(),
  owner: z.string().nullable(),
  comment: z.string().nullable().meta({ description: "The source's own words." }),
  description: z.string().nullable().meta({ description: "People's words." }),
  columnCount: z.int(),
  rows: z.number().nullable().meta({ description: "The source's estimate." }),
  bytes: z.number().nullable(),
  version: z.int(),
  changedAt: timestamp,
  removedAt: timestamp.nullable().meta({ description: 'Set on what its source no longer has.' }),
};
export const entitySummarySchema = z.object(summary).meta({ id: 'EntitySummary' });
export const entityPageSchema = pageOf(entitySummarySchema, 'EntityPage');

const keySchema = z.object({ name: z.string(), columns: z.array(z.string()) }).meta({ id: 'Key' });
const structure = {
  primaryKey: keySchema.optional(),
  uniqueKeys: z.array(keySchema),
  foreignKeys: z.array(
    z
      .object({
        name: z.string(),
        columns: z.array(z.string()),
        references: z.object({
          database: z.string().optional(),
          schema: z.string().optional(),
          table: z.string(),
          columns: z.array(z.string()),
        }),
        onUpdate: z.string().optional(),
        onDelete: z.string().optional(),
      })
      .meta({ id: 'ForeignKey' }),
  ),
  indexes: z.array(
    z
      .object({
        name: z.string(),
        unique: z.boolean(),
        method: z.string().optional(),
        columns: z.array(z.string()),
        where: z.string().optional(),
        definition: z.string().optional(),
        attributes: z.array(z.string()).optional(),
        comment: z.string().optional(),
      })
      .meta({ id: 'Index' }),
  ),
  partitionedBy: z.string().optional(),
  viewDefinition: z.string().optional(),
  properties: z.record(z.string(), z.string()),
};

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
const columnSchema = z.object(column).meta({ id: 'Column' });

export const entitySchema = z
  .object({
    ...summary,
    databaseId: decimalId.meta({ description: 'Lists the schemas and tables of its database.' }),
    sourceType: z.string(),
    instance: z.string(),
    dataSource: reference,
    crawler: reference,
    workspace: reference,
    visibility: visibilitySchema,
    structure: z
      .object(structure)
      .meta({ description: 'Without columns and partitions, which have lists of their own.' }),
    partitionCount: z.int(),
    createdAt: timestamp,
    changedRunId: z.string(),
    collectedAt: timestamp.nullable().meta({ description: 'When its database was last listed completely.' }),
    lastRun: z
      .object({ id: z.string(), number: z.coerce.number().int() })
      .nullable()
      .meta({ description: 'The last run that worked on its database.' }),
    annotation: annotationSchema,
    gaps: z.array(gapSchema).meta({ description: 'What sources of its type cannot give; see GET /source-types.' }),
    favourite: z.boolean().meta({ description: 'Whether you marked it.' }),
    views: z
      .object({ today: z.int(), last30Days: z.int() })
      .meta({ description: 'People who opened it, each once a day, by the days of UTC.' }),
  })
  .meta({ id: 'Entity' });

export const entityListQuery = z
  .strictObject({
    guid: z.string().min(1).max(4_096).optional().meta({ description: 'Reads the one entity of this guid instead.' }),
    removed: flag.optional().meta({ description: 'Lists what was removed and can be restored instead.' }),
    kind: entityKindSchema
      .optional()
      .meta({ description: 'Databases when left out, or tables where `databaseId` is given.' }),
    databaseId: decimalId.optional(),
    schema: z.string().max(256).optional(),
    dataSourceId: uuid.optional(),
    crawlerId: uuid.optional(),
    workspaceId: uuid.optional(),
    cursor,
    limit: limit(100, 500),
  })
  .refine(
    (query) =>
      query.removed === true || query.databaseId !== undefined || query.kind === undefined || query.kind === 'database',
    {
      path: ['databaseId'],
      message: 'must be given to list schemas or tables',
    },
  );

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
          tags: z.array(z.string()),
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
    structure: z.object({ columns: z.array(columnSchema), ...structure }),
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

export const favouriteSchema = z.object({ favourite: z.boolean() }).meta({ id: 'Favourite' });
export const favouritePageSchema = pageOf(
  z.object({ ...summary, addedAt: timestamp }).meta({ id: 'FavouriteEntity' }),
  'FavouritePage',
);

const referenceSchema = z
  .object({
    name: z.string(),
    columns: z.array(z.string()),
    references: z.object({
      database: z.string(),
      schema: z.string().nullable(),
      table: z.string(),
      columns: z.array(z.string()),
    }),
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
