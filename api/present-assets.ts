import type { z } from 'zod';
import type { ApiOperation } from '../catalog/apis/openapi-document.js';
import type { FoundAsset } from '../search/find-assets.js';
import type { aiAssetSchema, apiSchema } from './schemas/assets.js';

type Api = z.input<typeof apiSchema>;
type AiAsset = z.input<typeof aiAssetSchema>;

/** An API as it is shown. It always has a document and a workspace. */
export const presentApi = ({ details, document, workspace, ...asset }: FoundAsset): Api => ({
  ...(details as unknown as ApiOperation),
  ...asset,
  document: document as Api['document'],
  workspace: workspace as Api['workspace'],
});

/** An AI asset as it is shown; its details are what the latest facets of its data set say, as `ai_asset_of` reads them. */
export const presentAiAsset = ({ details, document: _, ...asset }: FoundAsset): AiAsset => ({
  ...(details as Pick<AiAsset, 'namespace' | 'type' | 'subType' | 'version' | 'description' | 'owners'>),
  ...asset,
});
