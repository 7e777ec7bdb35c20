import { z } from 'zod';

/** A page of a list: `nextCursor` is absent on the last one. */
export const pageOf = <Item extends z.ZodType>(item: Item, id: string) =>
  z.object({ items: z.array(item), nextCursor: z.string().optional() }).meta({ id });

/** Where to go on, as an earlier answer gave it out. Opaque. */
export const cursor = z
  .string()
  .min(1)
  .max(4_096)
  .optional()
  .meta({ description: '`nextCursor` of an earlier answer.' });

/** How many at most, with a default. */
export const limit = (fallback: number, max: number) => z.coerce.number().int().min(1).max(max).default(fallback);

export const pageQuery = z.strictObject({ cursor, limit: limit(100, 500) });

/** A query parameter that may be given several times: any of its values fits. */
export const several = <Item extends z.ZodType>(item: Item) =>
  z
    .preprocess(
      (value) => (value === undefined || Array.isArray(value) ? value : [value]),
      z.array(item).max(50).optional(),
    )
    .optional();

/** `true` or `false` as a query parameter. */
export const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

export const uuid = z.uuid().transform((id) => id.toLowerCase());
export const uuidParams = z.strictObject({ id: uuid });

/** A database's own number, as text because it can be larger than JavaScript counts exactly. */
export const decimalId = z.string().regex(/^[1-9]\d{0,17}$/, 'must be a positive whole number');
export const decimalParams = z.strictObject({ id: decimalId });

/** RFC 3339 in UTC. */
export const timestamp = z.date();
