import { z } from 'zod';
import { annotationSchema } from './annotations.js';
import { gapSchema } from './data-sources.js';
import { cursor, decimalId, flag, limit, pageOf, timestamp, uuid } from './lists.js';
import { visibilitySchema } from './workspaces.js';

const reference = z.object({ id: z.string(), name: z.string() });
export const entityKindSchema = z.enum(['database', 'schema', 'table']).meta({ id: 'EntityKind' });

/** What lists show of an entity. */
export const summaryFields = {
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
export const entitySummarySchema = z.object(summaryFields).meta({ id: 'EntitySummary' });
export const entityPageSchema = pageOf(entitySummarySchema, 'EntityPage');

/** In place of what leads to a database that the reader may not see. */
export const restrictedSchema = z
  .object({ restricted: z.literal(true) })
  .meta({ id: 'Restricted', description: 'It is in a database that you may not see.' });
export const restrictedParts = z
  .array(z.enum(['viewDefinition']))
  .optional()
  .meta({ description: 'What is left out since it names a database that you may not see.' });

const keySchema = z.object({ name: z.string(), columns: z.array(z.string()) }).meta({ id: 'Key' });
/** A structure but its columns, as the entity and its versions show it. */
export const structureFields = {
  primaryKey: keySchema.optional(),
  uniqueKeys: z.array(keySchema),
  foreignKeys: z.array(
    z
      .object({
        name: z.string(),
        columns: z.array(z.string()),
        references: z.union([
          z.object({
            database: z.string().optional(),
            schema: z.string().optional(),
            table: z.string(),
            columns: z.array(z.string()),
          }),
          restrictedSchema,
        ]),
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
  restricted: restrictedParts,
  properties: z.record(z.string(), z.string()),
};

export const entitySchema = z
  .object({
    ...summaryFields,
    databaseId: decimalId.meta({ description: 'Lists the schemas and tables of its database.' }),
    sourceType: z.string(),
    instance: z.string(),
    dataSource: reference,
    crawler: reference,
    workspace: reference,
    visibility: visibilitySchema,
    structure: z
      .object(structureFields)
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
