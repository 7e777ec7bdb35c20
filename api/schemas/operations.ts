import { z } from 'zod';
import { OPERATION_KINDS, OPERATION_STATUSES } from '../../catalog/operations/operation.js';
import { cursor, limit, pageOf, timestamp, uuid } from './lists.js';

const counts = {
  schemas: z.int(),
  tables: z.int(),
  columns: z.int(),
  descriptions: z.int().meta({ description: 'Entities that people described.' }),
};

export const leavingSchema = z
  .object({
    databases: z.array(z.object({ id: z.string(), name: z.string(), ...counts })),
    ...counts,
  })
  .meta({ id: 'Leaving', description: 'What leaves the map, by database and in all.' });

export const operationSchema = z
  .object({
    id: z.string(),
    kind: z.enum(OPERATION_KINDS),
    crawler: z
      .object({ id: z.string(), name: z.string() })
      .meta({ description: 'It may be gone: an operation outlives the crawler that it deletes.' }),
    workspaceId: z.string(),
    removes: leavingSchema.meta({ description: 'Counted when it was asked for.' }),
    status: z.enum(OPERATION_STATUSES).meta({
      description: '`superseded`: the deletion of the crawler took over what was left of it.',
    }),
    removed: z.int().meta({ description: 'Entities taken off the map so far: databases, schemas and tables.' }),
    error: z
      .object({ code: z.string(), message: z.string(), remedy: z.string().optional() })
      .nullable()
      .meta({ description: 'Why the last step failed, which is being tried again.' }),
    requestedBy: z.string().nullable(),
    requestedAt: timestamp,
    startedAt: timestamp.nullable(),
    clearedAt: timestamp.nullable().meta({ description: 'When the last of it had left the map.' }),
    endedAt: timestamp.nullable().meta({ description: 'When it was out of search, too.' }),
  })
  .meta({ id: 'Operation' });

export const operationPageSchema = pageOf(operationSchema, 'OperationPage');

export const operationListQuery = z.strictObject({ crawlerId: uuid.optional(), cursor, limit: limit(50, 200) });
