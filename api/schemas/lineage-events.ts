import { z } from 'zod';
import { uuid } from './lists.js';

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
