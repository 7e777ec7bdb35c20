import { z } from 'zod';
import { cursor, limit, pageOf, timestamp } from './lists.js';
import { roleSchema, tenantRoleSchema } from './permissions.js';

const email = z.email().max(254);
const name = z.string().trim().min(1).max(200);
/** Long ones are refused, since hashing is made slow on purpose. */
const password = z.string().min(1).max(1_024);

export const personSchema = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    tenantRole: tenantRoleSchema,
    hasPassword: z.boolean().meta({ description: 'False for who can only get in by a login link.' }),
    disabledAt: timestamp.nullable(),
    createdAt: timestamp,
  })
  .meta({ id: 'Person' });
export const personPageSchema = pageOf(personSchema, 'PersonPage');
export const personListQuery = z.strictObject({ cursor, limit: limit(100, 500) });

export const newPersonSchema = z
  .strictObject({
    email,
    name,
    password: password.optional().meta({ description: 'Without one, only a login link signs them in.' }),
    tenantRole: tenantRoleSchema.default('member'),
  })
  .meta({ id: 'NewPerson' });

export const personPatchSchema = z
  .strictObject({
    email: email.optional(),
    name: name.optional(),
    password: password.optional(),
    tenantRole: tenantRoleSchema.optional(),
    disabled: z.boolean().optional(),
  })
  .meta({ id: 'PersonPatch' });

export const signInSchema = z.strictObject({ email: z.string().min(1).max(254), password }).meta({ id: 'SignIn' });
export const linkSignInSchema = z.strictObject({ link: z.string().min(1).max(512) }).meta({ id: 'LinkSignIn' });

const signedInPerson = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  tenantRole: tenantRoleSchema,
});
export const sessionSchema = z.object({ person: signedInPerson, expiresAt: timestamp }).meta({ id: 'Session' });

export const meSchema = z
  .object({
    person: signedInPerson,
    permissions: z.array(z.string()).meta({ description: 'What you may do in the whole installation.' }),
    workspaces: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        role: roleSchema.nullable().meta({ description: 'Null for a tenant admin who is not a member.' }),
        permissions: z.array(z.string()),
      }),
    ),
  })
  .meta({ id: 'Me' });

export const tokenSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    hint: z.string().meta({ description: 'Its last characters, to tell tokens apart.' }),
    createdAt: timestamp,
    expiresAt: timestamp.nullable(),
    lastUsedAt: timestamp.nullable(),
  })
  .meta({ id: 'Token' });
export const tokenListSchema = z.object({ items: z.array(tokenSchema) }).meta({ id: 'TokenList' });
export const newTokenSchema = z
  .strictObject({ name, expiresInDays: z.int().min(1).max(3_650).optional() })
  .meta({ id: 'NewToken' });
export const createdTokenSchema = tokenSchema
  .extend({ token: z.string().meta({ description: 'Shown this once.' }) })
  .meta({ id: 'CreatedToken' });

export const loginLinkSchema = z
  .object({
    url: z.string().meta({ description: 'Signs the person in once. Shown this once; hand it over in private.' }),
    expiresAt: timestamp,
  })
  .meta({ id: 'LoginLink' });
