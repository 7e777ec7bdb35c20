import { z } from 'zod';
import { cursor, limit, pageOf, timestamp, uuid } from './lists.js';
import { permitted, roleSchema } from './permissions.js';

const name = z.string().trim().min(1).max(100);
const description = z.string().trim().max(2_000).nullable();
const timeZone = z.string().max(64).refine(isTimeZone, 'is not the name of a time zone, such as Asia/Shanghai or UTC');
export const visibilitySchema = z.enum(['tenant', 'workspace']).meta({
  id: 'Visibility',
  description: '`tenant`: everybody of the installation may find it. `workspace`: its members only.',
});

export const workspaceSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    timeZone: z.string(),
    defaultVisibility: visibilitySchema,
    createdAt: timestamp,
    updatedAt: timestamp,
    version: z.int(),
    members: z.int(),
    role: roleSchema.nullable().meta({ description: 'Your own; null for a tenant admin who is not a member.' }),
    ...permitted('edit', 'delete', 'manageMembers', 'createDataSource', 'createCrawler'),
  })
  .meta({ id: 'Workspace' });
export const workspacePageSchema = pageOf(workspaceSchema, 'WorkspacePage');

export const workspaceListQuery = z.strictObject({ cursor, limit: limit(100, 500) });

export const newWorkspaceSchema = z
  .strictObject({
    name,
    description: description.optional(),
    timeZone: timeZone.default('UTC'),
    defaultVisibility: visibilitySchema.default('workspace'),
  })
  .meta({ id: 'NewWorkspace' });
export const workspacePatchSchema = z
  .strictObject({
    name: name.optional(),
    description: description.optional(),
    timeZone: timeZone.optional(),
    defaultVisibility: visibilitySchema.optional(),
  })
  .meta({ id: 'WorkspacePatch' });

export const memberSchema = z
  .object({
    personId: z.string(),
    email: z.string(),
    name: z.string(),
    role: roleSchema,
    disabled: z.boolean(),
    since: timestamp,
  })
  .meta({ id: 'Member' });
export const memberPageSchema = pageOf(memberSchema, 'MemberPage');
export const memberParams = z.strictObject({ id: uuid, personId: uuid });
export const memberRoleSchema = z.strictObject({ role: roleSchema }).meta({ id: 'MemberRole' });

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
