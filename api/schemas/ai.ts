import { z } from 'zod';
import { timestamp, uuid } from './lists.js';

const shortText = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]+$/u, 'must be on one line');

const failureSchema = z
  .object({ code: z.string(), message: z.string(), remedy: z.string().optional(), at: z.string().optional() })
  .meta({ id: 'ModelFailure' });

export const aiProviderSchema = z
  .object({
    available: z.boolean().meta({ description: 'Whether a model is configured and switched on.' }),
    model: z.string().nullable(),
    host: z.string().nullable().meta({ description: 'Where metadata is sent.' }),
    language: z.string(),
    sends: z.array(z.string()).meta({ description: 'What the model is told of a table.' }),
    neverSends: z.array(z.string()),
  })
  .meta({ id: 'AiProvider' });

export const aiSettingsSchema = z
  .object({
    url: z.string().nullable(),
    model: z.string().nullable(),
    hasApiKey: z.boolean().meta({ description: 'The key itself is shown to nobody.' }),
    language: z.string(),
    tokensPerDay: z.int().nullable(),
    requestsPerMinute: z.int(),
    concurrency: z.int(),
    timeoutSeconds: z.int(),
    enabled: z.boolean(),
    version: z.int(),
    updatedAt: timestamp,
  })
  .meta({ id: 'AiSettings' });

export const aiSettingsPatchSchema = z
  .strictObject({
    url: z.string().trim().min(1).max(2_000).optional().meta({
      description:
        'As OpenAI clients take it, e.g. https://api.openai.com/v1 or http://localhost:11434/v1. With another server than before, send the key along.',
    }),
    model: shortText(200).optional(),
    apiKey: z
      .string()
      .min(1)
      .max(4_000)
      .regex(/^[\x21-\x7e]+$/, 'must be printable characters without spaces')
      .nullable()
      .optional()
      .meta({ description: 'Sealed, and never shown again; null takes it away. Local servers often want none.' }),
    language: shortText(60).optional().meta({ description: 'Of the descriptions, e.g. English or 简体中文.' }),
    tokensPerDay: z
      .int()
      .min(20_000)
      .max(10_000_000_000)
      .nullable()
      .optional()
      .meta({ description: 'Of questions and answers, by the days of UTC; null for no limit.' }),
    requestsPerMinute: z.int().min(1).max(6_000).optional(),
    concurrency: z.int().min(1).max(16).optional().meta({ description: 'Requests at once.' }),
    timeoutSeconds: z.int().min(5).max(600).optional().meta({ description: 'For one whole answer.' }),
    enabled: z.boolean().optional(),
  })
  .meta({ id: 'AiSettingsPatch' });

export const trialSchema = z
  .object({
    id: z.string(),
    status: z.enum(['waiting', 'succeeded', 'failed']),
    startedAt: z.string(),
    model: z.string(),
    tookMs: z.int().optional(),
    tokens: z.int().optional(),
    description: z.string().optional().meta({ description: 'What the model said of a made-up table.' }),
    failure: failureSchema.optional(),
  })
  .meta({ id: 'ModelTrial' });

export const modelStateSchema = z
  .enum(['unconfigured', 'off', 'paused', 'stopped', 'waiting-for-budget', 'waiting-to-retry', 'working', 'idle'])
  .meta({
    description: '`stopped`: a person has to mend what `stoppedBecause` of `/ai/status` says, and then resume.',
  });

export const aiStatusSchema = z
  .object({
    state: modelStateSchema,
    queue: z.object({
      waiting: z.int().meta({ description: 'Tables.' }),
      failed: z.int().meta({ description: 'Given up; resuming has them asked about again.' }),
      crawlersDue: z.int().meta({ description: 'Whose tables have not been looked through since their last run.' }),
    }),
    today: z.object({
      day: z.string().meta({ description: 'Of UTC.' }),
      tokens: z.number().meta({ description: 'With those that requests under way may take.' }),
      tokensPerDay: z.number().nullable(),
      requests: z.int(),
      failures: z.int(),
      suggestions: z.int(),
      refused: z
        .record(z.string(), z.int())
        .meta({ description: 'Answers about objects that were refused, by reason.' }),
    }),
    waitsUntil: timestamp.nullable(),
    stoppedBecause: failureSchema.nullable(),
    lastFailure: failureSchema.nullable(),
    trial: trialSchema.nullable().meta({ description: 'The last one.' }),
  })
  .meta({ id: 'AiStatus' });

export const outdatedQuery = z.strictObject({ crawlerId: uuid.optional().meta({ description: 'Its tables alone.' }) });
export const askOutdatedSchema = z
  .strictObject({ crawlerId: uuid.optional().meta({ description: 'Its tables alone.' }) })
  .meta({ id: 'AskOutdated' });
export const outdatedSchema = z
  .object({
    tables: z.int(),
    suggestions: z.int(),
    tokens: z.number().meta({
      description:
        'About what asking again takes: what the answers took that they stand in. Rather too much where some of them were decided on.',
    }),
  })
  .meta({ id: 'OutdatedSuggestions' });

export const emptySchema = z.strictObject({});
