import { z } from 'zod';
import { FACETS } from '../../search/port.js';
import { UPDATED } from '../../search/updated.js';
import { aiAssetSchema, apiSchema } from './assets.js';
import { nodeSide } from './lineage-jobs.js';
import { cursor, decimalId, flag, limit, several, timestamp, uuid } from './lists.js';

/** The fields a result can be narrowed by and counted over: the search port's own. */
export const facetSchema = z.enum(FACETS).meta({ id: 'Facet' });

const text = z.string().min(1).max(256);

/** What a search is narrowed by. */
export const searchFilters = {
  kind: several(z.enum(['database', 'schema', 'table', 'field', 'workspace', 'task-code', 'api', 'ai-asset'])).meta({
    description:
      '`field` looks in the names of columns alone; each hit is a table with its fields that match. `workspace` finds those of ' +
      'your workspaces, in `workspaces` of the answer, and `task-code` the SQL and source code that jobs told with their events, ' +
      'in `taskCode`; `api` finds operations of the OpenAPI documents that your workspaces were given, in `apis`, and `ai-asset` what ' +
      'events of lineage call a model, in `aiAssets`. Each of these goes with no other kind.',
  }),
  type: several(text),
  sourceType: several(text),
  dataSourceId: several(uuid),
  workspaceId: several(uuid),
  database: several(text),
  schema: several(text),
  owner: several(text),
  tag: several(text).meta({ description: "People's tags of the entity itself, by name." }),
  updated: several(z.enum(UPDATED)).meta({
    description: 'How long ago it changed, by days of UTC; each reaches to now, but for `older`: than a year.',
  }),
  visibility: several(z.enum(['tenant', 'workspace'])).meta({
    description: 'Public within the tenant, or for members of the workspace only, as it is set now.',
  }),
  language: several(text).meta({ description: 'Of task code alone: `sql`, `python` and so on, in any case.' }),
  namespace: several(z.string().min(1).max(500)).meta({ description: 'Of task code alone: the namespace of the job.' }),
};

const q = z.string().max(500).default('').meta({ description: 'As typed; empty finds everything, newest first.' });

export const searchExportQuery = z.strictObject({
  q,
  ...searchFilters,
  hasDescription: flag.optional(),
  hasLineage: flag.optional(),
});

export const searchQuery = z.strictObject({
  q,
  ...searchFilters,
  hasDescription: flag.optional(),
  hasLineage: flag.optional().meta({ description: 'Whether lineage comes to it or goes from it.' }),
  facets: z
    .string()
    .max(500)
    .default('')
    .transform((list) => list.split(',').filter((name) => name !== ''))
    .pipe(z.array(facetSchema))
    .meta({
      description: 'Names of facets to count over, separated by commas. Without it none are counted, which is faster.',
    }),
  cursor,
  limit: limit(20, 100),
});

const documentSchema = z
  .object({
    id: decimalId,
    guid: z.string(),
    kind: z.enum(['database', 'schema', 'table']),
    type: z.string(),
    name: z.string(),
    qualifiedName: z.string(),
    sourceType: z.string(),
    dataSourceId: z.string(),
    dataSourceName: z.string(),
    workspaceId: z.string(),
    workspaceName: z.string(),
    crawlerId: z.string(),
    database: z.string(),
    schema: z.string().nullable(),
    owner: z.string().nullable().meta({ description: "The first that people named, else the source's." }),
    comment: z.string().nullable(),
    description: z.string().nullable(),
    // What was indexed before there were tags has none.
    tags: z.array(z.string()).default([]),
    hasLineage: z.boolean().default(false),
    columnCount: z.int(),
    changedAt: timestamp,
  })
  .meta({ id: 'FoundEntity' });

const segments = z.array(z.object({ text: z.string(), match: z.boolean() }));
const hitKind = z
  .enum(['database', 'schema', 'table', 'field'])
  .meta({ description: '`field` where a column was found as itself; the document is its table.' });

export const suggestionQuery = z.strictObject({
  q: z.string().max(500).meta({ description: 'As typed so far.' }),
  limit: limit(8, 20),
});

export const suggestionsSchema = z
  .object({
    suggestions: z.array(
      z
        .object({
          kind: hitKind,
          id: decimalId,
          guid: z.string(),
          type: z.string(),
          name: z.string(),
          qualifiedName: z.string(),
          sourceType: z.string(),
          field: z.string().optional().meta({ description: 'The column, where one was found as itself.' }),
          segments: segments.meta({ description: 'What matched: the name, or the best other place.' }),
        })
        .meta({ id: 'Suggestion' }),
    ),
    correctedTo: z.string().optional(),
  })
  .meta({ id: 'Suggestions' });

const taskCodeSchema = z
  .object({
    jobId: decimalId.meta({ description: 'Of GET /lineage-jobs/{id}, which has the whole text.' }),
    namespace: z.string(),
    name: z.string(),
    segments: segments.meta({ description: 'The name, cut where the match is.' }),
    part: z.enum(['sql', 'sourceCode']).meta({ description: 'Which text of the job it is; one may have both.' }),
    language: z.string().nullable().meta({ description: 'Lower case; null where the job named none.' }),
    workspace: z.object({ id: z.string(), name: z.string() }).nullable(),
    changedAt: timestamp.meta({ description: 'Since when it is as it is now.' }),
    lastSeen: timestamp.meta({ description: 'When the latest event of the job came.' }),
    lines: z.array(z.object({ number: z.int().meta({ description: 'From 1.' }), segments })).meta({
      description: 'At most five lines of the text with words that were sought, each of about 200 characters.',
    }),
    reads: nodeSide(20).meta({ description: 'What the job reads by now.' }),
    writes: nodeSide(20).meta({ description: 'What the job writes by now.' }),
  })
  .meta({ id: 'TaskCodeHit' });

export const searchAnswerSchema = z
  .object({
    hits: z.array(
      z
        .object({
          kind: hitKind,
          document: documentSchema,
          highlights: z.array(z.object({ field: z.enum(['name', 'comment', 'description', 'column']), segments })),
          fields: z
            .array(z.object({ name: z.string(), ordinal: z.int(), comment: z.string().nullable(), segments }))
            .optional()
            .meta({ description: 'Of a hit of kind `field`: the columns that matched, best first, at most five.' }),
        })
        .meta({ id: 'SearchHit' }),
    ),
    workspaces: z
      .array(
        z
          .object({ id: z.string(), name: z.string(), description: z.string().nullable(), segments })
          .meta({ id: 'WorkspaceHit' }),
      )
      .optional()
      .meta({ description: 'With kind=workspace alone, instead of hits: those you may see, best first.' }),
    taskCode: z
      .array(taskCodeSchema)
      .optional()
      .meta({ description: 'With kind=task-code alone, instead of hits: what you may read, best first.' }),
    apis: z
      .array(apiSchema)
      .optional()
      .meta({ description: 'With kind=api alone, instead of hits: those of your workspaces, best first.' }),
    aiAssets: z
      .array(aiAssetSchema)
      .optional()
      .meta({ description: 'With kind=ai-asset alone, instead of hits: those of your workspaces, best first.' }),
    total: z.int(),
    totalIsExact: z.boolean().meta({
      description:
        'False where there are more than `total`: than 10,000; or, for whoever may see more than 50,000 objects and asks for ' +
        'no facets, than the hits of this first page; or, of task code, APIs and AI assets, than the hits up to this page.',
    }),
    facets: z.partialRecord(
      facetSchema,
      z.array(z.object({ value: z.string(), label: z.string().optional(), count: z.int() })),
    ),
    nextCursor: z.string().optional(),
    correctedTo: z.string().optional().meta({ description: 'The words searched instead of what was typed.' }),
    watermark: z.object({
      completeUpToRun: z
        .int()
        .nullable()
        .meta({ description: 'Search shows everything up to the run of this number.' }),
      indexing: z
        .array(z.object({ crawlerId: z.string(), crawlerName: z.string(), waiting: z.int(), since: timestamp }))
        .meta({ description: 'Crawlers whose latest changes are not searchable yet; only those you may see.' }),
    }),
  })
  .meta({ id: 'SearchAnswer' });
