import { z } from 'zod';
import { entityKindSchema, entitySummarySchema } from './entities.js';
import { cursor, decimalId, flag, limit, pageOf, timestamp, uuid } from './lists.js';
import { permitted, personReferenceSchema } from './permissions.js';

const reference = z.object({ id: z.string(), name: z.string() });
const name = z.string().trim().min(1).max(200);
const markdown = (max: number) => z.string().trim().max(max).nullable().meta({ description: 'Markdown.' });
const description = markdown(20_000);
const note = markdown(10_000);
const coverColor = z
  .string()
  .regex(/^#[0-9a-fA-F]{6}$/, 'must be a colour such as #2f6fed')
  .nullable();

const collectionVisibilitySchema = z.enum(['public', 'workspace', 'private']).meta({
  id: 'CollectionVisibility',
  description:
    '`public`: everybody of the installation sees it. `workspace`: members of its workspace. `private`: its owners. ' +
    'Of its items everybody sees those that they may see anyway.',
});

const collection = {
  id: z.string(),
  name: z.string(),
  description: z.string().nullable().meta({ description: 'Markdown.' }),
  coverColor: z.string().nullable(),
  visibility: collectionVisibilitySchema,
  workspace: reference
    .nullable()
    .meta({ description: 'Whose members see it; of a public one, whose admins care for it, if any.' }),
  official: z
    .object({ at: timestamp, by: personReferenceSchema.nullable() })
    .nullable()
    .meta({ description: 'The mark of an admin of its workspace or of the installation.' }),
  owners: z.array(z.object({ ...reference.shape, disabled: z.boolean() })),
  mine: z.boolean().meta({ description: 'Whether you are an owner.' }),
  followers: z.int(),
  following: z.boolean().meta({ description: 'Whether you follow it.' }),
  itemCount: z.int().meta({ description: 'Of the items that you may see.' }),
  removedCount: z.int().meta({ description: 'How many of these are gone from the map.' }),
  createdBy: personReferenceSchema.nullable(),
  createdAt: timestamp,
  updatedAt: timestamp.meta({ description: 'When its words or sections changed last; not its items.' }),
  version: z.int(),
  ...permitted('edit', 'delete', 'certify'),
};
const summarySchema = z.object(collection).meta({ id: 'CollectionSummary' });
export const collectionPageSchema = pageOf(summarySchema, 'CollectionPage');

export const sectionSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable().meta({ description: 'Markdown.' }),
    itemCount: z.int().meta({ description: 'Of the items that you may see.' }),
  })
  .meta({ id: 'CollectionSection' });
export const collectionSchema = z
  .object({ ...collection, sections: z.array(sectionSchema) })
  .meta({ id: 'Collection' });

const sort = z.enum(['name', 'updated']).default('name').meta({ description: 'By name, or what changed last first.' });
export const collectionListQuery = z.strictObject({
  q: z.string().trim().min(1).max(200).optional().meta({ description: 'Found in the name or the description.' }),
  mine: flag.optional(),
  followed: flag.optional(),
  official: flag.optional(),
  visibility: collectionVisibilitySchema.optional(),
  workspaceId: uuid.optional(),
  withoutOwner: flag.optional().meta({ description: 'Whose every owner is gone or disabled.' }),
  sort,
  cursor,
  limit: limit(100, 500),
});
export const collectionsOfEntityQuery = z.strictObject({ sort, cursor, limit: limit(100, 500) });

export const newCollectionSchema = z
  .strictObject({
    name,
    description: description.optional(),
    coverColor: coverColor.optional(),
    visibility: collectionVisibilitySchema.default('private'),
    workspaceId: uuid.nullable().optional().meta({ description: 'With `workspace`; with `public` if you like.' }),
  })
  .meta({ id: 'NewCollection' });
export const collectionPatchSchema = z
  .strictObject({
    name: name.optional(),
    description: description.optional(),
    coverColor: coverColor.optional(),
    visibility: collectionVisibilitySchema.optional(),
    workspaceId: uuid.nullable().optional(),
  })
  .meta({ id: 'CollectionPatch' });

export const ownerParams = z.strictObject({ id: uuid, personId: uuid });
export const followingSchema = z
  .object({ following: z.boolean(), followers: z.int() })
  .meta({ id: 'CollectionFollowing' });

export const sectionParams = z.strictObject({ id: uuid, sectionId: uuid });
export const newSectionSchema = z
  .strictObject({ name, description: description.optional() })
  .meta({ id: 'NewCollectionSection' });
export const sectionPatchSchema = z
  .strictObject({ name: name.optional(), description: description.optional() })
  .meta({ id: 'CollectionSectionPatch' });
export const sectionOrderSchema = z
  .strictObject({ sectionIds: z.array(uuid).max(200) })
  .meta({ id: 'CollectionSectionOrder', description: 'Every section of the collection, once.' });

export const itemParams = z.strictObject({ id: uuid, entityId: decimalId });
export const itemListQuery = z.strictObject({
  sectionId: z
    .union([uuid, z.literal('none')])
    .optional()
    .meta({ description: 'Only items of this section; `none` for those under no section.' }),
  kind: entityKindSchema.optional(),
  removed: flag.optional().meta({ description: 'Only what is gone from the map, or only what is not.' }),
  q: z.string().trim().min(1).max(200).optional().meta({ description: 'Found in the name or the note.' }),
  cursor,
  limit: limit(100, 500),
});
export const itemSchema = z
  .object({
    entity: entitySummarySchema.meta({ description: 'With `removedAt` where it is gone from the map.' }),
    removedReason: z
      .enum(['gone_from_source', 'not_collected'])
      .nullable()
      .meta({
        description:
          '`gone_from_source`: its source has it no more. `not_collected`: its database was taken out of the scope, or its ' +
          'crawler deleted. Null while it is on the map, where it comes back to by itself.',
      }),
    sectionId: z.string().nullable(),
    note: z.string().nullable().meta({ description: 'Markdown.' }),
    addedBy: personReferenceSchema.nullable(),
    addedAt: timestamp,
    version: z.int().meta({ description: 'Of the note.' }),
  })
  .meta({ id: 'CollectionItem' });
export const itemPageSchema = pageOf(itemSchema, 'CollectionItemPage');

const sectionOfItem = uuid.nullable().optional().meta({ description: 'Under no section when left out or null.' });
export const newItemsSchema = z
  .strictObject({
    items: z
      .array(
        z
          .strictObject({
            id: decimalId.optional(),
            guid: z.string().min(1).max(4_096).optional(),
            note: note.optional(),
            sectionId: sectionOfItem,
          })
          .refine(({ id, guid }) => (id === undefined) !== (guid === undefined), 'must have either id or guid'),
      )
      .min(1)
      .max(500),
  })
  .meta({ id: 'NewCollectionItems' });
export const addedItemsSchema = z
  .object({
    added: z.int(),
    outcomes: z
      .array(
        z
          .object({
            id: z.string().optional(),
            guid: z.string().optional(),
            outcome: z.enum(['added', 'already', 'not_found']),
            entityId: z.string().nullable(),
          })
          .meta({ id: 'CollectionItemOutcome' }),
      )
      .meta({ description: 'For each as it was asked for, in that order.' }),
  })
  .meta({ id: 'AddedCollectionItems' });

export const itemPatchSchema = z.strictObject({ note }).meta({ id: 'CollectionItemPatch' });

const entityIds = z
  .array(decimalId)
  .min(1)
  .max(500)
  .refine((ids) => new Set(ids).size === ids.length, 'must not repeat an id');
export const itemIdsSchema = z.strictObject({ entityIds }).meta({ id: 'CollectionItemIds' });
export const itemMoveSchema = z
  .strictObject({
    entityIds,
    to: z.union([
      z.strictObject({ before: decimalId }),
      z.strictObject({ after: decimalId }),
      z.strictObject({ sectionId: uuid.nullable(), at: z.enum(['start', 'end']).default('end') }),
    ]),
  })
  .meta({
    id: 'CollectionItemMove',
    description: 'In this order: next to another item and into its section, or to an end of a section.',
  });
export const changedItemsSchema = z
  .object({
    changed: z.array(z.string()).meta({ description: 'Entities that it was done to.' }),
    notFound: z.array(z.string()).meta({ description: 'Not in the collection, or you may not see them.' }),
  })
  .meta({ id: 'ChangedCollectionItems' });
