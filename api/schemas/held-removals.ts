import { z } from 'zod';
import { HOLD_STATUSES } from '../../catalog/removals/held-removal.js';
import { cursor, decimalId, limit, pageOf, several, timestamp, uuid } from './lists.js';
import { permitted } from './permissions.js';

const holdStatusSchema = z.enum(HOLD_STATUSES).meta({
  id: 'HoldStatus',
  description:
    'Superseded: every table of it was shown again by a later run, or the database left the scope of its crawler.',
});
const runReference = z.object({ id: z.string(), number: z.int() }).nullable();

export const heldRemovalSchema = z
  .object({
    id: z.string(),
    workspaceId: z.string(),
    crawler: z.object({ id: z.string(), name: z.string() }),
    databaseId: decimalId,
    database: z.string(),
    status: holdStatusSchema,
    cause: z
      .object({ code: z.string(), reason: z.string(), remedy: z.string() })
      .meta({ description: 'Why a person must decide, and what to look at before.' }),
    tables: z.int().meta({ description: 'Tables that are held still.' }),
    of: z.int().meta({ description: 'Tables of the database on the map when they were held.' }),
    removed: z.int().meta({ description: 'Tables that an approval took off the map so far.' }),
    run: runReference.meta({ description: 'The run that held them first.' }),
    lastRun: runReference.meta({ description: 'The last run that found them missing.' }),
    heldAt: timestamp,
    expiresAt: timestamp.meta({
      description: 'After this nothing is removed; a run that misses them holds them anew.',
    }),
    decidedAt: timestamp.nullable(),
    decidedBy: z.string().nullable(),
    note: z.string().nullable().meta({ description: 'Of who decided, or why it was closed.' }),
    settledAt: timestamp.nullable().meta({ description: 'When what was decided had been done.' }),
    ...permitted('decide'),
  })
  .meta({ id: 'HeldRemoval' });
export const heldRemovalPageSchema = pageOf(heldRemovalSchema, 'HeldRemovalPage');

export const heldObjectPageSchema = pageOf(
  z
    .object({
      entityId: decimalId,
      guid: z.string(),
      type: z.string(),
      name: z.string(),
      qualifiedName: z.string(),
      schema: z.string().nullable(),
      database: z.string(),
      columnCount: z.int(),
      state: z
        .enum(['held', 'shown', 'removed', 'moved'])
        .meta({ description: 'Held still, shown again by a listing, off the map, or held anew in a later hold.' }),
    })
    .meta({ id: 'HeldObject' }),
  'HeldObjectPage',
);

export const heldRemovalListQuery = z.strictObject({
  crawlerId: uuid.optional(),
  status: several(holdStatusSchema),
  cursor,
  limit: limit(50, 200),
});

export const decisionSchema = z
  .strictObject({ note: z.string().trim().min(1).max(500).optional() })
  .meta({ id: 'Decision' });
