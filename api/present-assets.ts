import type { z } from 'zod';
import type { FoundAsset } from '../search/find-assets.js';
import { aiAssetSchema, apiSchema } from './schemas/assets.js';

/** An API as it is shown; its details are those of an `ApiOperation`. */
export const presentApi = ({ details, ...asset }: FoundAsset): z.input<typeof apiSchema> =>
  apiSchema.parse({ ...details, ...asset });

/** An AI asset as it is shown; its details are what the latest facets of its data set say. */
export const presentAiAsset = ({ details, document: _, ...asset }: FoundAsset): z.input<typeof aiAssetSchema> =>
  aiAssetSchema.parse({ ...details, ...asset });
