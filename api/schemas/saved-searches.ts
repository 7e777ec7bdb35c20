import { z } from 'zod';
import { timestamp, uuid } from './lists.js';
import { searchFilters } from './search.js';

/** What a saved search asks: as GET /search takes it, without the place in the results. */
const savedQuery = z
  .strictObject({
    q: z.string().max(500).default(''),
    ...searchFilters,
    hasDescription: z.boolean().optional(),
    hasLineage: z.boolean().optional(),
  })
  .meta({ id: 'SavedQuery' });

export const newSavedSearchSchema = z.strictObject({
  name: z.string().trim().min(1).max(100),
  query: savedQuery,
  workspaceId: uuid.nullable().default(null).meta({ description: 'Shares it with the members of this workspace.' }),
});

export const savedSearchPatchSchema = z.strictObject({
  name: z.string().trim().min(1).max(100).optional(),
  query: savedQuery.optional(),
  workspaceId: uuid.nullable().optional(),
});

export const savedSearchSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    query: z.record(z.string(), z.unknown()),
    owner: z.object({ id: z.string(), name: z.string() }),
    workspaceId: z.string().nullable(),
    mine: z.boolean(),
    version: z.int(),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'SavedSearch' });

export const savedSearchListSchema = z.object({ items: z.array(savedSearchSchema) }).meta({ id: 'SavedSearchList' });
