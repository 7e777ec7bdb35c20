import { z } from 'zod';
import { SUGGESTION_STATUSES } from '../../catalog/describing/suggestions.js';
import { cursor, decimalId, limit, pageOf, several, timestamp, uuid } from './lists.js';
import { personReferenceSchema } from './permissions.js';

const confidence = z.enum(['high', 'medium', 'low']);
const status = z.enum(SUGGESTION_STATUSES);

const suggestion = {
  id: z.string(),
  workspaceId: z.string(),
  entity: z.object({
    id: z.string(),
    guid: z.string(),
    type: z.string(),
    name: z.string(),
    database: z.string(),
    schema: z.string().nullable(),
  }),
  column: z.string().nullable().meta({ description: 'Null for the table itself.' }),
  status: status.meta({
    description:
      '`stale`: the object has changed since; `overtaken`: a person described it; `refused`: the answer was unfit, and was not kept.',
  }),
  description: z.string().nullable().meta({ description: 'Markdown without HTML and links; null where refused.' }),
  confidence: confidence.nullable().meta({ description: 'By the word of the model.' }),
  refusedBecause: z.string().nullable(),
  model: z.string(),
  language: z.string(),
  askedAt: timestamp,
  tokens: z
    .object({ prompt: z.int(), completion: z.int() })
    .meta({ description: 'Of the request, which most often asked about more than this.' }),
  inputsDigest: z.string().meta({ description: 'SHA-256 of what the model was told.' }),
  edited: z.boolean().meta({ description: 'Whether who accepted it changed it first.' }),
  reason: z.string().nullable(),
  decidedBy: personReferenceSchema.nullable(),
  decidedAt: timestamp.nullable(),
};

export const suggestionSchema = z.object(suggestion).meta({ id: 'DescriptionSuggestion' });
export const suggestionDetailSchema = z
  .object({
    ...suggestion,
    inputs: z
      .looseObject({})
      .meta({ description: 'Exactly what the model was told: names, types, keys and comments.' }),
  })
  .meta({ id: 'DescriptionSuggestionDetail' });
export const suggestionPageSchema = pageOf(suggestionSchema, 'DescriptionSuggestionPage');

export const suggestionParams = z.strictObject({ id: decimalId });

export const suggestionListQuery = z.strictObject({
  status: several(status).meta({ description: '`open` when left out.' }),
  workspaceId: uuid.optional(),
  entityId: decimalId.optional(),
  databaseId: decimalId.optional(),
  crawlerId: uuid.optional(),
  confidence: several(confidence),
  of: z.enum(['tables', 'columns']).optional(),
  cursor,
  limit: limit(100, 500),
});

export const entitySuggestionsQuery = z.strictObject({
  status: several(status).meta({ description: '`open` when left out.' }),
  cursor,
  limit: limit(100, 500),
});

export const entitySuggestionsSchema = z
  .object({
    items: z.array(suggestionSchema),
    nextCursor: z.string().optional(),
    asking: z
      .object({
        status: z.enum(['waiting', 'done', 'failed']),
        attempts: z.int(),
        failure: z
          .object({ code: z.string(), message: z.string(), remedy: z.string().optional() })
          .nullable()
          .meta({ description: 'Of the last attempt.' }),
        queuedAt: timestamp,
      })
      .nullable()
      .meta({ description: 'How the asking about the table stands; null where it was never to be asked about.' }),
  })
  .meta({ id: 'EntitySuggestions' });

const markdown = z
  .string()
  .trim()
  .min(1)
  .max(65_536)
  .refine((text) => !text.includes('\0'), 'must not hold the character U+0000');
const reason = z.string().trim().min(1).max(500).optional();

export const acceptSuggestionSchema = z
  .strictObject({ description: markdown.optional().meta({ description: 'Instead of what was suggested.' }) })
  .meta({ id: 'AcceptSuggestion' });
export const rejectSuggestionSchema = z.strictObject({ reason }).meta({ id: 'RejectSuggestion' });

export const decideSuggestionsSchema = z
  .strictObject({
    workspaceId: uuid,
    decision: z.enum(['accept', 'reject']),
    ids: z.array(decimalId).min(1).max(500).optional(),
    filter: z
      .strictObject({
        entityId: decimalId.optional(),
        databaseId: decimalId.optional(),
        crawlerId: uuid.optional(),
        confidence: z.array(confidence).min(1).max(3).optional(),
        of: z.enum(['tables', 'columns']).optional(),
      })
      .optional()
      .meta({ description: 'The first 500 open ones that fit; ask again while `more`.' }),
    reason: reason.meta({ description: 'Why they are rejected.' }),
  })
  .refine(({ ids, filter }) => (ids === undefined) !== (filter === undefined), 'must have either ids or a filter')
  .meta({ id: 'DecideSuggestions' });

export const decidedSchema = z
  .object({
    decided: z.array(z.string()),
    left: z
      .array(z.object({ id: z.string(), code: z.string(), message: z.string() }))
      .meta({ description: 'Those that could not be decided on, with the reason.' }),
    more: z.boolean().meta({ description: 'Whether more fit the filter.' }),
  })
  .meta({ id: 'DecidedSuggestions' });

export const askAgainSchema = z
  .strictObject({
    rejectedToo: z.boolean().default(false).meta({
      description: 'Also about what was rejected, which is otherwise not asked about while it stays the same.',
    }),
  })
  .meta({ id: 'AskAgain' });

export const askingSchema = z.object({ asking: z.boolean() }).meta({ id: 'Asking' });
