import { z } from 'zod';
import { summaryFields } from './entities.js';
import { pageOf, timestamp } from './lists.js';

export const favouriteSchema = z.object({ favourite: z.boolean() }).meta({ id: 'Favourite' });
export const favouritePageSchema = pageOf(
  z.object({ ...summaryFields, addedAt: timestamp }).meta({ id: 'FavouriteEntity' }),
  'FavouritePage',
);
