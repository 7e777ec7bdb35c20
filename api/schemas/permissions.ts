import { z } from 'zod';

/** What the asker may do with a thing; `whyNot` names the missing permission of each `false`. */
export const permitted = <Action extends string>(...actions: readonly [Action, ...Action[]]) =>
  z.object({
    can: z.object(Object.fromEntries(actions.map((action) => [action, z.boolean()])) as Record<Action, z.ZodBoolean>),
    whyNot: z.partialRecord(z.enum(actions), z.string()),
  }).shape;

/** Somebody, as others see them. */
export const personReferenceSchema = z.object({ id: z.string(), name: z.string() }).meta({ id: 'PersonReference' });

export const roleSchema = z.enum(['admin', 'developer', 'viewer']).meta({ id: 'WorkspaceRole' });
export const tenantRoleSchema = z.enum(['admin', 'member']).meta({ id: 'TenantRole' });
