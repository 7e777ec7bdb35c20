import type { Actor } from '../../access/actor.js';
import { visibleWorkspaces } from '../../access/visibility.js';
import { type AssetKind, getAsset } from '../../search/find-assets.js';
import type { ApiContext } from '../context.js';
import { presentAiAsset, presentApi } from '../present-assets.js';
import { onWorkspaceOf, type Route, route } from '../route.js';
import { aiAssetSchema, apiSchema } from '../schemas/assets.js';
import { decimalParams } from '../schemas/lists.js';

const tag = 'Map';

export const assetRoutes: Route[] = [
  route({
    method: 'get',
    path: '/apis/:id',
    tag,
    summary: 'Read an API',
    description: 'One operation of an OpenAPI document that a workspace was given.',
    access: onWorkspaceOf('workspace.read', 'API', find('api')),
    params: decimalParams,
    reply: { status: 200, description: 'The API.', body: apiSchema },
    handle: async (_context, { target }) => ({ body: presentApi(target) }),
  }),
  route({
    method: 'get',
    path: '/ai-assets/:id',
    tag,
    summary: 'Read an AI asset',
    description: 'A data set of which events of lineage say that it is a model.',
    access: onWorkspaceOf('workspace.read', 'AI asset', find('ai-asset')),
    params: decimalParams,
    reply: { status: 200, description: 'The AI asset.', body: aiAssetSchema },
    handle: async (_context, { target }) => ({ body: presentAiAsset(target) }),
  }),
];

/** Of no workspace are those that were told for the whole tenant, whom its admins alone see. */
function find(kind: AssetKind) {
  return async ({ database }: ApiContext, { id }: { id: string }, actor: Actor) => {
    const found = await getAsset(database, { kind, id, visible: visibleWorkspaces(actor) });
    return found && { ...found, workspaceId: found.workspace?.id ?? '' };
  };
}
