import { z } from 'zod';
import { timestamp } from './lists.js';
import { permitted } from './permissions.js';

export const groupId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens, at most 63');
export const groupParams = z.strictObject({ id: groupId });

const name = z.string().trim().min(1).max(100);
const text = z.string().trim().max(2_000).nullable();
const units = z.number().positive().max(10_000).multipleOf(0.01);

export const workerSchema = z
  .object({
    id: z.string(),
    host: z.string(),
    addresses: z.array(z.string()).meta({ description: 'To be allowed by the firewalls of data sources.' }),
    slots: z.int(),
    startedAt: timestamp,
    seenAt: timestamp,
  })
  .meta({ id: 'Worker' });

export const resourceGroupSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    region: z.string().nullable(),
    capacityCu: z.number(),
    cuPerTask: z.number(),
    slots: z.int().meta({ description: 'Databases that one worker of the group collects side by side.' }),
    state: z.object({
      live: z.boolean().meta({ description: 'At least one worker serves it now.' }),
      workers: z.array(workerSchema),
      remedy: z.string().optional().meta({ description: 'What to do where none does.' }),
    }),
    createdAt: timestamp,
    updatedAt: timestamp,
    version: z.int(),
    ...permitted('edit', 'delete'),
  })
  .meta({ id: 'ResourceGroup' });
export const resourceGroupListSchema = z
  .object({ items: z.array(resourceGroupSchema) })
  .meta({ id: 'ResourceGroupList' });

export const newResourceGroupSchema = z
  .strictObject({
    id: groupId,
    name,
    description: text.optional(),
    region: text.optional(),
    capacityCu: units.default(1),
    cuPerTask: units.default(0.25),
  })
  .meta({ id: 'NewResourceGroup' });
export const resourceGroupPatchSchema = z
  .strictObject({
    name: name.optional(),
    description: text.optional(),
    region: text.optional(),
    capacityCu: units.optional(),
    cuPerTask: units.optional(),
  })
  .meta({ id: 'ResourceGroupPatch' });
