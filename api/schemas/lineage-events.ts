import { z } from 'zod';
import { namespaceShape } from '../../lineage/events/event-shape.js';
import { timestamp, uuid } from './lists.js';

/** Events of one request. */
export const MOST_EVENTS = 1_000;

export const senderQuery = z.strictObject({
  workspaceId: uuid.optional().meta({
    description: 'Whose events they are; needed by whoever may send those of several workspaces.',
  }),
});

export const eventBatch = z
  .array(z.unknown())
  .max(MOST_EVENTS)
  .meta({ id: 'OpenLineageEvents', description: 'Events as OpenLineageEvent, each taken or refused by itself.' });

/** As OpenLineage's batch endpoint answers. */
export const batchResult = z
  .object({
    status: z.enum(['success', 'partial_success', 'failure']),
    summary: z.object({
      received: z.int(),
      successful: z.int(),
      failed: z.int(),
      retriable: z.int(),
      non_retriable: z.int(),
    }),
    failed_events: z.array(
      z.object({
        index: z.int().meta({ description: 'From 0.' }),
        reason: z.string(),
        retriable: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'LineageBatchResult' });

export const hiveQuery = senderQuery.extend({
  namespace: namespaceShape.meta({
    description: 'Of the names in the lines.',
    example: 'hive://metastore.example:9083',
  }),
});
export const hiveLines = z
  .string()
  .min(1)
  .meta({ description: 'Lines of a log, as Hive writes them or as a logger did.' });

export const namespaceSchema = z
  .object({
    id: z.string().nullable().meta({ description: 'None where it follows from the address of the source.' }),
    namespace: z.string(),
    createdAt: timestamp.nullable(),
  })
  .meta({ id: 'LineageNamespace' });
export const namespacesSchema = z.object({ items: z.array(namespaceSchema) }).meta({ id: 'LineageNamespaces' });
export const newNamespaceSchema = z.strictObject({ namespace: namespaceShape }).meta({ id: 'NewLineageNamespace' });
export const namespaceParams = z.strictObject({ id: uuid, namespaceId: uuid });
