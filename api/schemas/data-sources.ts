import { z } from 'zod';
import { cursor, limit, pageOf, timestamp, uuid } from './lists.js';
import { permitted } from './permissions.js';
import { groupId } from './resource-groups.js';
import { sourceLimitsSchema } from './source-limits.js';

const name = z.string().trim().min(1).max(200);
const text = z.string().trim().max(2_000).nullable();
export const environmentSchema = z.enum(['development', 'production']).meta({ id: 'Environment' });
const config = z.record(z.string(), z.unknown()).meta({
  description: 'As GET /source-types describes it for the type.',
});
const secretName = z.string().min(1).max(64);
const secret = z.string().max(65_536);
const instance = z.string().trim().min(1).max(300).meta({
  description:
    'The part of every guid that names the server; `host:port` when left out. It stays when the server moves.',
});

const coverageSchema = z
  .object({ timeliness: z.enum(['real-time', 'by schedule', 'not supported']), note: z.string().optional() })
  .meta({ id: 'Coverage' });
export const gapSchema = z
  .object({ what: z.string(), why: z.string() })
  .meta({ id: 'Gap', description: 'Something that sources of the type never have on the map, and why.' });

export const sourceTypeSchema = z
  .object({
    type: z.string(),
    displayName: z.string(),
    group: z.enum(['warehouse', 'database', 'search']),
    granularity: z.enum(['database', 'instance']),
    databaseNoun: z.string(),
    defaultPort: z.int(),
    versions: z.string(),
    secrets: z.array(z.string()),
    urlSchemes: z.array(z.string()),
    timeliness: z.object({ tables: z.string(), partitions: z.string(), lineage: z.string() }),
    scopeEditable: z.boolean(),
    queryHistory: z
      .string()
      .optional()
      .meta({ description: 'Where its sources keep which statements were run; left out where none is read.' }),
    gaps: z.array(gapSchema),
    configSchema: z.record(z.string(), z.unknown()).meta({ description: 'JSON Schema of `config`.' }),
  })
  .meta({ id: 'SourceType' });
export const sourceTypeListSchema = z
  .object({
    items: z.array(sourceTypeSchema),
    coverage: z
      .array(
        z
          .object({
            type: z.string(),
            displayName: z.string(),
            collected: z.boolean().meta({ description: 'Whether there is a connector for it.' }),
            collection: z.enum(['built-in', 'crawler']),
            granularity: z.enum(['database', 'instance']),
            scopeEditable: z.boolean(),
            tables: coverageSchema,
            partitions: coverageSchema,
            lineage: coverageSchema,
          })
          .meta({ id: 'SourceCoverage' }),
      )
      .meta({ description: 'How soon what is on the map, for every type, also those without a connector.' }),
  })
  .meta({ id: 'SourceTypeList' });

export const dataSourceSchema = z
  .object({
    id: z.string(),
    workspaceId: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    type: z.string(),
    instance: z.string(),
    environment: environmentSchema,
    region: z.string().nullable(),
    config,
    limits: sourceLimitsSchema,
    secrets: z
      .record(z.string(), z.enum(['set', 'reference', 'missing']))
      .meta({ description: 'Which credentials it has; never what they are.' }),
    secretRefs: z.record(z.string(), z.string()),
    crawlers: z.int().meta({ description: 'How many crawlers collect it.' }),
    createdAt: timestamp,
    updatedAt: timestamp,
    version: z.int(),
    ...permitted('edit', 'delete', 'test'),
  })
  .meta({ id: 'DataSource' });
export const dataSourcePageSchema = pageOf(dataSourceSchema, 'DataSourcePage');

export const dataSourceListQuery = z.strictObject({
  workspaceId: uuid.optional(),
  type: z.string().min(1).max(64).optional(),
  q: z.string().max(200).optional().meta({ description: 'Found in name, type or instance.' }),
  cursor,
  limit: limit(50, 200),
});

export const newDataSourceSchema = z
  .strictObject({
    workspaceId: uuid,
    name,
    description: text.optional(),
    type: z.string().min(1).max(64).optional().meta({ description: 'May be left out where `url` tells it.' }),
    environment: environmentSchema.default('production'),
    region: text.optional(),
    instance: instance.optional(),
    config: config.optional(),
    limits: sourceLimitsSchema.optional(),
    url: z.string().min(1).max(4_096).optional().meta({
      description: 'A connection URL instead of `config` and `secrets`, e.g. postgres://user:password@host/database.',
    }),
    secrets: z.record(secretName, secret).optional(),
    secretRefs: z
      .record(secretName, z.string().max(4_096))
      .optional()
      .meta({ description: 'Where the worker finds a credential: `env:NAME` or `file:/path`.' }),
  })
  .refine((source) => (source.url === undefined) !== (source.config === undefined), {
    path: ['config'],
    message: 'must be given, or else url; not both',
  })
  .refine((source) => source.url !== undefined || source.type !== undefined, {
    path: ['type'],
    message: 'must be given where there is no url',
  })
  .meta({ id: 'NewDataSource' });

export const dataSourcePatchSchema = z
  .strictObject({
    name: name.optional(),
    description: text.optional(),
    environment: environmentSchema.optional(),
    region: text.optional(),
    config: config.optional().meta({ description: 'The whole of it, not a part.' }),
    limits: sourceLimitsSchema.optional().meta({ description: 'All of them, not a part; `{}` lifts them.' }),
    secrets: z
      .record(secretName, secret.nullable())
      .optional()
      .meta({ description: 'A value replaces what there was, null takes it away, what is left out stays.' }),
    secretRefs: z.record(secretName, z.string().max(4_096).nullable()).optional(),
  })
  .meta({ id: 'DataSourcePatch' });

export const newConnectionTestSchema = z
  .strictObject({
    resourceGroupId: groupId.default('default'),
    databases: z
      .array(z.string().min(1).max(128))
      .max(20)
      .optional()
      .meta({ description: 'Databases of a scope to look into; without any, the one the data source names.' }),
  })
  .meta({ id: 'NewConnectionTest' });

export const checkStepSchema = z
  .object({
    id: z.string(),
    state: z.enum(['running', 'passed', 'failed', 'skipped', 'warning']),
    duration: z.number().optional().meta({ description: 'Milliseconds.' }),
    message: z.string().optional(),
    remedy: z.string().optional(),
    code: z.string().optional(),
    detail: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'CheckStep' });

export const connectionTestSchema = z
  .object({
    id: z.string(),
    dataSourceId: z.string(),
    resourceGroupId: z.string(),
    status: z.enum(['queued', 'running', 'passed', 'failed', 'cancelled']),
    stale: z.boolean().meta({ description: 'The data source was changed since.' }),
    worker: z.string().nullable(),
    steps: z.array(checkStepSchema),
    createdAt: timestamp,
    endedAt: timestamp.nullable(),
  })
  .meta({ id: 'ConnectionTest' });
export const connectionTestStartedSchema = z.object({ id: z.string() }).meta({ id: 'ConnectionTestStarted' });

export const databaseListQuery = z.strictObject({ resourceGroupId: groupId.default('default') });
export const databaseListSchema = z
  .object({
    items: z.array(
      z
        .object({
          name: z.string(),
          comment: z.string().optional(),
          system: z.boolean().optional(),
          unavailable: z
            .string()
            .optional()
            .meta({ description: 'Why it cannot be opened, and what grant is missing.' }),
          ownedBy: z
            .union([
              z.object({ crawlerId: z.string(), name: z.string() }),
              z.object({ hidden: z.literal(true) }).meta({ description: 'A crawler that you may not see.' }),
            ])
            .nullable()
            .meta({ description: 'The crawler that collects it; a database belongs to one.' }),
        })
        .meta({ id: 'SourceDatabase' }),
    ),
  })
  .meta({ id: 'SourceDatabaseList' });
