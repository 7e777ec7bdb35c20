import { z } from 'zod';
import { cursor, decimalId, flag, limit, pageOf, timestamp, uuid } from './lists.js';
import { personReferenceSchema } from './permissions.js';

/** What would end a line, or could not be stored or typed. */
const tagName = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .regex(/^[^\p{Cc}\p{Cs}]+$/u, 'must be on one line');
const markdown = z
  .string()
  .max(65_536)
  .refine((text) => !text.includes('\0'), 'must not hold the character U+0000');
const different = (names: readonly string[]) => new Set(names.map((name) => name.toLowerCase())).size === names.length;

const words = {
  description: z
    .string()
    .nullable()
    .meta({ description: 'Markdown as it was written. Make it safe before you show it as HTML.' }),
  tags: z.array(z.string()),
};
export const ownerSchema = z
  .object({
    personId: z.string().nullable().meta({ description: 'Null where somebody is named in free text.' }),
    name: z.string(),
  })
  .meta({ id: 'Owner' });
const written = {
  origin: z
    .enum(['person', 'ai'])
    .meta({ description: 'Whose the description was at first: `ai` where somebody accepted a suggestion of a model.' }),
  version: z.int(),
  editedBy: personReferenceSchema.nullable(),
};

export const annotationSchema = z
  .object({
    ...words,
    owners: z.array(ownerSchema),
    ...written,
    editedAt: timestamp.nullable().meta({ description: 'Null before anybody wrote anything; the version is 0 then.' }),
  })
  .meta({ id: 'Annotation', description: "People's words, beside those of the source." });

export const annotationPatchSchema = z.strictObject({
  description: markdown.nullable().optional().meta({ description: 'Markdown; null takes it away.' }),
  tags: z
    .array(tagName)
    .max(50)
    .refine(different, 'must not name one twice')
    .optional()
    .meta({ description: 'All of them; a new one joins the vocabulary.' }),
  owners: z
    .array(z.union([z.strictObject({ personId: uuid }), z.strictObject({ name: z.string().trim().min(1).max(200) })]))
    .max(20)
    .optional()
    .meta({ description: 'All of them, in order: people of this installation by id, others by name.' }),
});

export const editPageSchema = pageOf(
  z.object({ ...words, owners: z.array(ownerSchema), ...written, editedAt: timestamp }).meta({ id: 'AnnotationEdit' }),
  'AnnotationEditPage',
);

export const columnParams = z.strictObject({ id: decimalId, column: z.string().min(1).max(1_024) });

export const tagSchema = z
  .object({
    id: decimalId,
    name: z.string(),
    version: z.int(),
    entities: z.int().meta({ description: 'What you may see that has it, by itself or on a column.' }),
  })
  .meta({ id: 'Tag' });
export const tagPageSchema = pageOf(tagSchema, 'TagPage');
export const tagListQuery = z.strictObject({
  q: z.string().max(64).optional().meta({ description: 'What the name begins with, whatever the case.' }),
  unused: flag.optional().meta({ description: "Also those that nothing has; for the tenant's admins." }),
  cursor,
  limit: limit(100, 500),
});
export const tagPatchSchema = z.strictObject({ name: tagName });
export const tagMergeSchema = z.strictObject({ into: decimalId.meta({ description: 'The tag that stays.' }) });
