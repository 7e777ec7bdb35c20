import { z } from 'zod';
import { modelStateSchema } from './ai.js';
import { cursor, limit, pageOf, several, timestamp, uuid } from './lists.js';
import { permitted, personReferenceSchema } from './permissions.js';
import { runThrottleSchema } from './source-limits.js';

export const failureSchema = z
  .object({ code: z.string(), message: z.string(), remedy: z.string().optional() })
  .meta({ id: 'Failure', description: 'What went wrong, and what to do about it.' });

export const runStatusSchema = z
  .enum(['queued', 'running', 'stopping', 'succeeded', 'partial', 'failed', 'stopped', 'terminated', 'skipped'])
  .meta({ id: 'RunStatus' });
export const runTriggerSchema = z
  .enum(['manual', 'schedule', 'retry', 'plan', 'apply', 'revert', 'refresh'])
  .meta({ id: 'RunTrigger' });

const count = z.int().optional();
export const runCountsSchema = z
  .object({
    databases: count,
    tables: count,
    columns: count,
    partitions: count,
    added: count,
    changed: count,
    removed: count,
    restored: count,
    unchanged: count,
    held: count,
    problems: count,
  })
  .meta({ id: 'RunCounts' });

const summary = {
  id: z.string(),
  number: z.int().meta({ description: 'What people call the run by.' }),
  crawlerId: z.string(),
  crawlerName: z.string(),
  workspaceId: z.string(),
  dataSourceId: z.string(),
  sourceType: z.string(),
  trigger: runTriggerSchema,
  ofRun: z
    .object({ id: z.string(), number: z.int() })
    .nullable()
    .meta({ description: 'The run that this one retries, applies or takes back.' }),
  status: runStatusSchema,
  requestedBy: personReferenceSchema.nullable(),
  queuedAt: timestamp,
  startedAt: timestamp.nullable(),
  endedAt: timestamp.nullable(),
  stopRequestedAt: timestamp.nullable(),
  resourceGroupId: z.string().nullable(),
  cu: z.number().nullable(),
  cuHours: z.number().nullable().meta({ description: 'The cost; null while the run is open.' }),
  counts: runCountsSchema,
  error: failureSchema.nullable(),
  searchableAt: timestamp.nullable().meta({ description: 'When search was complete up to this run.' }),
};

export const runSummarySchema = z.object(summary).meta({ id: 'RunSummary' });
export const runPageSchema = pageOf(runSummarySchema, 'RunPage');

export const waitingSchema = z
  .object({
    code: z.string().meta({
      description:
        'PAUSED, QUIET_HOURS, SOURCE_BUSY, RUN_THROTTLED, WAITING_FOR_CAPACITY, RESOURCE_GROUP_WITHOUT_WORKER, RETRYING, INDEX_BEHIND or TEMPORAL_UNAVAILABLE.',
    }),
    message: z.string(),
    remedy: z.string().optional(),
    since: timestamp.nullable().optional(),
    position: z.int().optional().meta({ description: 'Place among the runs that wait for the group, from 1.' }),
    resourceGroup: z.string().optional(),
    database: z.string().nullable().optional(),
    attempt: z.int().optional().meta({ description: 'The attempt that is to come.' }),
    nextAttemptAt: timestamp.nullable().optional(),
    until: timestamp.optional().meta({ description: 'When the quiet hours end.' }),
    cause: failureSchema.optional().meta({ description: 'How the attempt before ended.' }),
  })
  .meta({ id: 'Waiting' });

const describingSchema = z
  .object({
    due: z.boolean().meta({ description: 'Whether what is to be asked has yet to be found.' }),
    waiting: z.int().meta({ description: 'Tables; those that a later run found changed are counted there.' }),
    done: z.int(),
    failed: z
      .array(z.object({ code: z.string(), message: z.string(), remedy: z.string().nullable(), tables: z.int() }))
      .meta({ description: 'Tables that were given up, by the cause.' }),
    requests: z.int(),
    failures: z.int().meta({ description: 'Requests that failed.' }),
    suggestions: z.int(),
    refused: z.int().meta({ description: 'Answers about objects that were unfit.' }),
    tokens: z.number(),
    model: modelStateSchema,
    waitsUntil: timestamp.nullable(),
    tokensLeftToday: z
      .number()
      .nullable()
      .meta({ description: 'Of the whole installation, by UTC; null for no limit.' }),
  })
  .meta({ id: 'RunDescribing' });

const unitCount = z.int();
export const runSchema = z
  .object({
    ...summary,
    waiting: z.array(waitingSchema).meta({
      description: 'Why the run does not go on, or what is owed after its end; empty when all is well.',
    }),
    pause: z
      .object({ since: timestamp, by: z.string().nullable(), note: z.string().nullable() })
      .nullable()
      .meta({ description: 'Who paused the run, when and why; null while it is not paused.' }),
    throttle: runThrottleSchema,
    forceStopFrom: timestamp
      .nullable()
      .meta({ description: 'From when a Stop that is not confirmed can be forced; null without one.' }),
    units: z.object({
      total: unitCount,
      pending: unitCount,
      collecting: unitCount,
      collected: unitCount,
      publishing: unitCount,
      planned: unitCount,
      done: unitCount,
      partial: unitCount,
      failed: unitCount,
      stopped: unitCount,
    }),
    active: z.array(z.string()).meta({ description: 'Databases being collected or published now.' }),
    problems: z.int(),
    describing: describingSchema.nullable().meta({
      description:
        'How far a language model is with what the run brought; null where nothing of it is to be described.',
    }),
    config: z.record(z.string(), z.unknown()).meta({ description: 'The settings the run goes by.' }),
    workflowRunId: z.string().nullable(),
    ...permitted('stop'),
  })
  .meta({ id: 'Run' });

export const runUnitPageSchema = pageOf(
  z
    .object({
      unit: z.int(),
      database: z.string(),
      status: z.enum([
        'pending',
        'collecting',
        'collected',
        'publishing',
        'planned',
        'done',
        'partial',
        'failed',
        'stopped',
      ]),
      attempt: z.int(),
      worker: z.string().nullable(),
      tablesTotal: z.int().nullable(),
      tablesDone: z.int(),
      counts: z.record(z.string(), z.number()),
      receipt: z
        .record(z.string(), z.unknown())
        .nullable()
        .meta({ description: 'The proof the unit ended with: listed completely or not, how many, as whom.' }),
      error: failureSchema.nullable(),
      startedAt: timestamp.nullable(),
      endedAt: timestamp.nullable(),
    })
    .meta({ id: 'RunUnit' }),
  'RunUnitPage',
);

export const runLogSchema = z
  .object({
    lines: z.array(
      z
        .object({
          seq: z.string(),
          at: timestamp,
          level: z.enum(['debug', 'info', 'warn', 'error']),
          step: z.string(),
          unit: z.int().nullable(),
          message: z.string(),
          fields: z.record(z.string(), z.unknown()),
        })
        .meta({ id: 'RunLogLine' }),
    ),
    nextCursor: z.string().optional().meta({ description: 'Goes on after the last line; also follows an open run.' }),
    previousCursor: z.string().optional().meta({ description: 'Goes on before the first line.' }),
    open: z.boolean().meta({ description: 'More lines may still come.' }),
  })
  .meta({ id: 'RunLog' });

export const runProblemPageSchema = pageOf(
  z
    .object({
      id: z.string(),
      unit: z.int().nullable(),
      level: z.enum(['warning', 'error']),
      schema: z.string().nullable(),
      name: z.string().nullable(),
      code: z.string(),
      message: z.string(),
      remedy: z.string().nullable(),
    })
    .meta({ id: 'RunProblem' }),
  'RunProblemPage',
);

export const runStartedSchema = z
  .object({
    runId: z.string(),
    number: z.int().nullable().meta({ description: 'Null until the run is opened.' }),
    status: runStatusSchema,
  })
  .meta({ id: 'RunStarted' });
export const runStoppingSchema = z
  .object({
    runId: z.string().nullable().meta({ description: 'Null where the run was stopped before it was opened.' }),
    status: z.literal('stopping'),
  })
  .meta({ id: 'RunStopping' });

export const runListQuery = z.strictObject({
  crawlerId: uuid.optional(),
  workspaceId: uuid.optional(),
  status: several(runStatusSchema),
  trigger: several(runTriggerSchema),
  cursor,
  limit: limit(50, 200),
});

export const runLogQuery = z.strictObject({
  cursor,
  direction: z
    .enum(['forward', 'backward'])
    .default('forward')
    .meta({ description: 'Without a cursor, forward starts at the first line and backward at the last.' }),
  level: z.enum(['debug', 'info', 'warn', 'error']).optional().meta({ description: 'The least severe level to read.' }),
  step: z.string().min(1).max(100).optional(),
  unit: z.coerce.number().int().min(0).max(1_000_000).optional(),
  q: z.string().max(200).optional().meta({ description: 'Found in the message or the fields, whatever the case.' }),
  limit: limit(200, 1_000),
});

export const runChangeKindSchema = z
  .enum(['added', 'changed', 'removed', 'restored', 'held'])
  .meta({ id: 'RunChangeKind' });
