import { z } from 'zod';
import { cursor, decimalId, limit, pageOf, timestamp } from './lists.js';

export const usageQuery = z.strictObject({
  access: z.enum(['read', 'write']).optional().meta({ description: 'Only what reads, or writes, the table.' }),
  cursor,
  limit: limit(50, 200),
});

const statementSchema = z
  .object({
    id: z.string(),
    reads: z.boolean(),
    writes: z.boolean(),
    kind: z.string().meta({ description: 'select, insert, update, delete, merge, create_table, select_into or copy.' }),
    text: z.string().nullable().meta({
      description: 'With placeholders where constants were. Null where it names something that you may not see.',
    }),
    restricted: z.boolean().meta({ description: 'The text is left out: it names something that you may not see.' }),
    columns: z.array(z.string()).meta({ description: 'Columns of the table that it uses or fills, as far as known.' }),
    state: z.enum(['parsed', 'partial']).meta({ description: 'partial: not all of its columns are known.' }),
    reason: z.string().nullable(),
    calls: z.number().meta({ description: 'As the source counted them since it was read first.' }),
    meanTime: z.number().meta({ description: 'Milliseconds.' }),
    firstSeen: timestamp,
    lastSeen: timestamp.meta({ description: 'When it was last found to have run since the reading before.' }),
    roles: z
      .array(z.object({ name: z.string(), calls: z.number(), lastSeen: z.iso.datetime() }))
      .meta({ description: 'Who ran it, the most often first; at most 20.' }),
  })
  .meta({ id: 'StatementOfTable' });

export const usagePageSchema = pageOf(statementSchema, 'UsagePage').extend({
  readWith: z
    .array(
      z.object({
        entity: z.object({
          id: decimalId,
          name: z.string(),
          schema: z.string().nullable(),
          database: z.string(),
          type: z.string(),
          qualifiedName: z.string(),
        }),
        statements: z.int(),
        calls: z.number(),
      }),
    )
    .optional()
    .meta({ description: 'Tables that statements read together with this one; on the first page.' }),
  processes: z
    .array(
      z.object({
        kind: z.enum(['view', 'job', 'manual']),
        name: z.string().nullable(),
        reads: z.boolean(),
        writes: z.boolean(),
        entityId: z.string().nullable().meta({ description: 'Of a view: its entity.' }),
        lastSeen: timestamp,
      }),
    )
    .optional()
    .meta({ description: 'Views, jobs and what people stated, by lineage; on the first page.' }),
});

const unread = z.enum(['unparsed', 'partial']);
export const unreadQuery = z.strictObject({ state: unread.optional(), cursor, limit: limit(50, 200) });
export const unreadPageSchema = pageOf(
  z
    .object({
      id: z.string(),
      database: z.string(),
      state: unread.meta({ description: 'unparsed: not read at all; partial: not all of its columns are known.' }),
      text: z.string().nullable().meta({ description: 'With placeholders where constants were.' }),
      restricted: z.boolean().meta({ description: 'The text is left out: it names something that you may not see.' }),
      reason: z.string().nullable(),
      calls: z.number(),
      firstSeen: timestamp,
      lastSeen: timestamp,
    })
    .meta({ id: 'UnreadStatement' }),
  'UnreadStatementPage',
).extend({
  counts: z
    .object({ unparsed: z.int(), partial: z.int() })
    .optional()
    .meta({ description: 'Of all pages and states; on the first page.' }),
});
