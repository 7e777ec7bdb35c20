import { z } from 'zod';
import { cursor, decimalId, limit, timestamp, uuid } from './lists.js';

const segments = z
  .array(z.object({ text: z.string(), match: z.boolean() }))
  .meta({ description: 'The name, cut where the match is.' });
const workspace = z.object({ id: z.string(), name: z.string() });

export const apiSchema = z
  .object({
    id: decimalId,
    name: z.string().meta({ description: 'Method and path.', example: 'GET /orders/{id}' }),
    segments,
    method: z.string(),
    path: z.string(),
    operationId: z.string().nullable(),
    summary: z.string().nullable(),
    description: z.string().nullable(),
    tags: z.array(z.string()),
    deprecated: z.boolean(),
    document: z
      .object({ name: z.string(), title: z.string(), version: z.string(), servers: z.array(z.string()) })
      .meta({ description: 'That of /workspaces/{id}/api-documents/{name} that tells of it.' }),
    workspace,
    changedAt: timestamp.meta({ description: 'Since when it is as it is now.' }),
  })
  .meta({ id: 'ApiOperation' });

export const aiAssetSchema = z
  .object({
    id: decimalId,
    namespace: z.string().meta({ description: 'Of the data set, as its events name it; lineage knows it by both.' }),
    name: z.string(),
    segments,
    type: z.string().meta({ description: 'As the facet `datasetType` says.', example: 'MODEL' }),
    subType: z.string().nullable(),
    version: z.string().nullable(),
    description: z.string().nullable(),
    owners: z.array(z.string()),
    workspace: workspace.nullable().meta({ description: 'Whose events told it; null for the whole tenant.' }),
    changedAt: timestamp.meta({ description: 'Since when it is as it is now.' }),
  })
  .meta({ id: 'AiAsset' });

export const apiDocumentSchema = z
  .object({
    workspaceId: z.string(),
    name: z.string(),
    title: z.string(),
    apiVersion: z.string(),
    openapi: z.string().meta({ description: 'The version of the specification.', example: '3.1.0' }),
    description: z.string().nullable(),
    servers: z.array(z.string()),
    operations: z.int(),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'ApiDocument' });
export const apiDocumentDetailSchema = apiDocumentSchema
  .extend({ document: z.unknown().meta({ description: 'As it was given.' }) })
  .meta({ id: 'ApiDocumentDetail' });
export const apiDocumentPageSchema = z
  .object({ items: z.array(apiDocumentSchema), nextCursor: z.string().optional() })
  .meta({ id: 'ApiDocumentPage' });

export const apiDocumentsQuery = z.strictObject({ workspaceId: uuid.optional(), cursor, limit: limit(50, 200) });
export const apiDocumentParams = z.strictObject({
  id: uuid,
  name: z
    .string()
    .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,199}$/u, {
      error:
        'must be at most 200 letters, digits, spaces, dots, hyphens and underscores, and begin with a letter or digit',
    })
    .meta({ example: 'orders' }),
});
