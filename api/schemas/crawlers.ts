import { z } from 'zod';
import { planSchema } from '../../catalog/crawlers/plan.js';
import { removalGuardSchema } from '../../catalog/crawlers/removal-guard.js';
import { environmentSchema } from './data-sources.js';
import { cursor, limit, pageOf, timestamp, uuid } from './lists.js';
import { leavingSchema, operationSchema } from './operations.js';
import { permitted } from './permissions.js';
import { groupId } from './resource-groups.js';
import { runCountsSchema, runStatusSchema } from './runs.js';
import { visibilitySchema } from './workspaces.js';

const name = z.string().trim().min(1).max(200);
const databases = z
  .array(z.string().min(1).max(500))
  .min(1)
  .max(10_000)
  .meta({ description: 'The scope: names of databases as the source lists them.' });
const queryHistory = z.boolean().meta({
  description:
    'Read after each collection which statements were run at the source, for lineage and usage; where its type keeps a history. ' +
    'What people typed into them is not kept.',
});

const AI_DESCRIPTIONS =
  'After each run a language model is told names, types, keys and comments of tables that nobody described, never rows, ' +
  'and suggests descriptions. Off by default; which model, an admin of the tenant configures under /ai/settings.';

const summary = {
  id: z.string(),
  workspaceId: z.string(),
  name: z.string(),
  kind: z.enum(['custom', 'builtin']),
  status: z.enum(['active', 'deleting']),
  dataSource: z.object({
    id: z.string(),
    name: z.string(),
    type: z.string(),
    instance: z.string(),
    environment: environmentSchema,
  }),
  resourceGroup: z.object({
    id: z.string(),
    name: z.string(),
    liveWorkers: z.int().meta({ description: 'With none, a run waits until a worker of the group comes up.' }),
  }),
  plan: planSchema,
  planInWords: z.string(),
  paused: z.boolean(),
  pauseNote: z.string().nullable(),
  removalGuard: removalGuardSchema.nullable().meta({ description: 'Null: 30 % and more than 10 tables.' }),
  aiDescriptions: z.boolean().meta({ description: AI_DESCRIPTIONS }),
  queryHistory: z.boolean().meta({ description: 'Whether its runs read which statements were run at the source.' }),
  databases: z.int(),
  tables: z.int(),
  openRun: z
    .object({ id: z.string(), number: z.int(), status: runStatusSchema, startedAt: timestamp.nullable() })
    .nullable(),
  lastRun: z
    .object({
      id: z.string(),
      number: z.int(),
      status: runStatusSchema,
      startedAt: timestamp.nullable(),
      endedAt: timestamp,
      counts: runCountsSchema,
    })
    .nullable(),
  createdAt: timestamp,
  updatedAt: timestamp,
  version: z.int(),
  ...permitted('edit', 'run', 'delete', 'publish'),
};

export const crawlerSummarySchema = z.object(summary).meta({ id: 'CrawlerSummary' });
export const crawlerPageSchema = pageOf(crawlerSummarySchema, 'CrawlerPage');

export const crawlerSchema = z
  .object({
    ...summary,
    scope: z.array(
      z.object({
        id: z.string().meta({ description: 'The `databaseId` of lists of entities.' }),
        name: z.string(),
        visibility: visibilitySchema,
        tables: z.int().nullable().meta({ description: 'Null before the first complete collection.' }),
        lastCompleteAt: timestamp.nullable(),
        removalGuard: removalGuardSchema.nullable().meta({ description: "Null: the crawler's." }),
        retiringAt: timestamp
          .nullable()
          .meta({ description: 'Set once it was taken out of the scope, until the map is empty of it.' }),
      }),
    ),
    nextRuns: z
      .array(timestamp)
      .nullable()
      .meta({ description: 'The next times of its plan, as the engine has them; null while the engine is away.' }),
    appliesFrom: z.enum(['now', 'next run']).meta({
      description:
        'Since when the definition holds: a run that was open when it was changed goes on by the one before.',
    }),
    operation: operationSchema.nullable().meta({
      description: 'What takes databases off the map just now, after its scope was narrowed or it was deleted.',
    }),
    warnings: z
      .array(z.object({ code: z.string(), message: z.string(), remedy: z.string() }))
      .meta({ description: 'What would keep a run from starting.' }),
  })
  .meta({ id: 'Crawler' });

export const crawlerListQuery = z.strictObject({
  workspaceId: uuid.optional(),
  dataSourceId: uuid.optional(),
  sourceType: z.string().min(1).max(64).optional(),
  resourceGroupId: groupId.optional(),
  q: z.string().max(200).optional().meta({ description: 'Found in the names of crawler and data source.' }),
  cursor,
  limit: limit(50, 200),
});

export const newCrawlerSchema = z
  .strictObject({
    workspaceId: uuid,
    name: name.optional().meta({ description: "The data source's name when left out." }),
    dataSourceId: uuid,
    resourceGroupId: groupId.default('default'),
    databases,
    plan: planSchema.default({ mode: 'manual' }),
    aiDescriptions: z.boolean().default(false).meta({ description: AI_DESCRIPTIONS }),
    queryHistory: queryHistory.default(false),
  })
  .meta({ id: 'NewCrawler' });

export const crawlerPatchSchema = z
  .strictObject({
    name: name.optional(),
    resourceGroupId: groupId.optional(),
    databases: databases.optional().meta({ description: 'The whole scope. What leaves it leaves the map.' }),
    plan: planSchema.optional(),
    aiDescriptions: z.boolean().optional().meta({ description: AI_DESCRIPTIONS }),
    queryHistory: queryHistory.optional(),
    removalGuard: removalGuardSchema.nullable().optional().meta({ description: 'Null: 30 % and more than 10 tables.' }),
    databaseRemovalGuards: z
      .array(z.strictObject({ database: z.string().min(1).max(500), guard: removalGuardSchema.nullable() }))
      .min(1)
      .max(10_000)
      .optional()
      .meta({ description: "Of databases in the scope; null: the crawler's. Those not named keep theirs." }),
    databaseVisibilities: z
      .array(z.strictObject({ database: z.string().min(1).max(500), visibility: visibilitySchema }))
      .min(1)
      .max(10_000)
      .optional()
      .meta({
        description:
          'Who may see databases in the scope, from the next request on. Those not named keep what they have.',
      }),
  })
  .meta({ id: 'CrawlerPatch' });

export const deletionImpactSchema = z
  .object({
    databases: z.int(),
    tables: z.int(),
    fields: z.int().meta({ description: 'Columns of the tables.' }),
    leaving: leavingSchema,
  })
  .meta({ id: 'DeletionImpact' });

export const scopePreviewRequestSchema = z.strictObject({ databases }).meta({ id: 'ScopePreviewRequest' });
export const scopePreviewSchema = z
  .object({
    added: z.array(z.string()).meta({ description: 'Databases that would be collected from the next run on.' }),
    leaving: leavingSchema,
  })
  .meta({ id: 'ScopePreview' });

export const startRunSchema = z
  .strictObject({
    anyway: z.boolean().default(false).meta({
      description:
        'Also where no worker serves its resource group, until one comes up; and in the quiet hours of the source, which it then reads all the same.',
    }),
  })
  .meta({ id: 'StartRun' });
export const pauseSchema = z.strictObject({ note: z.string().trim().min(1).max(500).optional() }).meta({ id: 'Pause' });

export const previewRequestSchema = z.strictObject({ plan: planSchema }).meta({ id: 'PlanPreviewRequest' });
export const previewSchema = z.object({ times: z.array(timestamp), inWords: z.string() }).meta({ id: 'PlanPreview' });
