import { z } from 'zod';
import { cursor, limit, pageOf, timestamp, uuid } from './lists.js';
import { visibilitySchema } from './workspaces.js';

const named = z.object({ id: z.string(), name: z.string() });

export const accessQuery = z.strictObject({
  person: uuid.optional().meta({ description: 'Yourself when left out; others are for admins of the workspace.' }),
});

export const accessSchema = z
  .object({
    maySee: z.boolean(),
    rule: z.enum(['tenant admin', 'public in tenant', 'workspace member', 'not a member', 'disabled', 'leaving']),
    because: z.string().meta({ description: 'The rule as a sentence.' }),
    person: named,
    tenantRole: z.enum(['admin', 'member']),
    workspace: named,
    workspaceRole: z.enum(['admin', 'developer', 'viewer']).nullable(),
    database: z.object({
      name: z.string(),
      visibility: visibilitySchema,
      setBy: named.nullable().meta({ description: "Null for the workspace's default." }),
      setAt: timestamp.nullable(),
    }),
  })
  .meta({ id: 'AccessExplanation' });

const word = z.string().min(1).max(200).optional();
const moment = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .optional();

export const auditQuery = z.strictObject({
  personId: uuid.optional(),
  action: word.meta({ description: 'E.g. `crawler.edit`.' }),
  objectKind: word,
  objectId: word,
  workspaceId: uuid.optional(),
  since: moment,
  until: moment.meta({ description: 'Records of before this moment.' }),
  cursor,
  limit: limit(100, 500),
});

export const auditPageSchema = pageOf(
  z
    .object({
      id: z.string(),
      at: timestamp,
      person: named.nullable(),
      action: z.string(),
      objectKind: z.string(),
      objectId: z.string(),
      workspaceId: z.string().nullable(),
      detail: z.record(z.string(), z.unknown()),
    })
    .meta({ id: 'AuditRecord' }),
  'AuditPage',
);
