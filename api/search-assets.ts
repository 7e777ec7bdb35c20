import type { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { visibleWorkspaces } from '../access/visibility.js';
import { type AssetKind, findAssets } from '../search/find-assets.js';
import type { ApiContext } from './context.js';
import { presentAiAsset, presentApi } from './present-assets.js';
import type { searchQuery } from './schemas/search.js';

/** What a search for APIs or AI assets answers: of the person's workspaces. */
export async function searchAssets(
  { database }: ApiContext,
  kind: AssetKind,
  { q, workspaceId, cursor, limit }: z.output<typeof searchQuery>,
  actor: Actor,
) {
  const { assets, ...page } = await findAssets(database, {
    kind,
    text: q,
    visible: visibleWorkspaces(actor),
    workspaceId,
    cursor,
    limit,
  });
  return kind === 'api' ? { apis: assets.map(presentApi), ...page } : { aiAssets: assets.map(presentAiAsset), ...page };
}
