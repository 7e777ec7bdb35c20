import type { Actor } from '../../access/actor.js';
import { can } from '../../access/authorise.js';
import {
  type Asker,
  createSavedSearch,
  deleteSavedSearch,
  getSavedSearch,
  listSavedSearches,
  type SavedSearch,
  updateSavedSearch,
} from '../../search/saved-searches.js';
import type { ApiContext } from '../context.js';
import { notFound } from '../problems.js';
import { onOwnThing, type Route, route, signedIn } from '../route.js';
import { uuidParams } from '../schemas/lists.js';
import {
  newSavedSearchSchema,
  savedSearchListSchema,
  savedSearchPatchSchema,
  savedSearchSchema,
} from '../schemas/saved-searches.js';

const tag = 'Search';

export const savedSearchRoutes: Route[] = [
  route({
    method: 'get',
    path: '/saved-searches',
    tag,
    summary: 'List saved searches: your own, and those shared with your workspaces',
    access: signedIn,
    reply: { status: 200, description: 'By name.', body: savedSearchListSchema },
    handle: async ({ database }, { actor }) => ({
      body: { items: (await listSavedSearches(database, askerOf(actor))).map((each) => presented(each, actor)) },
    }),
  }),
  route({
    method: 'post',
    path: '/saved-searches',
    tag,
    summary: 'Save a search',
    description: 'Text and filters are kept, never results: whoever runs it finds what they may see.',
    access: signedIn,
    audit: 'saved-search.create',
    body: newSavedSearchSchema,
    idempotent: true,
    reply: { status: 201, description: 'The saved search.', body: savedSearchSchema },
    problems: ['NAME_TAKEN'],
    handle: async ({ database }, { actor, body }) => {
      checkWorkspace(actor, body.workspaceId);
      const id = await createSavedSearch(database, { ...body, personId: actor.personId });
      const saved = await getSavedSearch(database, id, askerOf(actor));
      return {
        body: presented(saved, actor),
        version: saved.version,
        headers: { Location: `/api/v1/saved-searches/${id}` },
      };
    },
  }),
  route({
    method: 'get',
    path: '/saved-searches/:id',
    tag,
    summary: 'Read a saved search',
    access: signedIn,
    params: uuidParams,
    reply: { status: 200, description: 'The saved search.', body: savedSearchSchema },
    handle: async ({ database }, { actor, params }) => {
      const saved = await getSavedSearch(database, params.id, askerOf(actor));
      return { body: presented(saved, actor), version: saved.version };
    },
  }),
  route({
    method: 'patch',
    path: '/saved-searches/:id',
    tag,
    summary: 'Change a saved search of yours',
    access: onOwnThing('saved search', findOwn),
    audit: 'saved-search.edit',
    params: uuidParams,
    body: savedSearchPatchSchema,
    reply: { status: 200, description: 'The saved search as it is now.', body: savedSearchSchema },
    edits: (_context, { target, actor }) => presented(target, actor),
    problems: ['NAME_TAKEN'],
    handle: async ({ database }, { actor, params, body, target }) => {
      const { name = target.name, query = target.query, workspaceId = target.workspaceId } = body;
      if (workspaceId !== target.workspaceId) checkWorkspace(actor, workspaceId);
      const change = { name, query, workspaceId, version: target.version };
      await updateSavedSearch(database, params.id, actor.personId, change);
      const saved = await getSavedSearch(database, params.id, askerOf(actor));
      return { body: presented(saved, actor), version: saved.version };
    },
  }),
  route({
    method: 'delete',
    path: '/saved-searches/:id',
    tag,
    summary: 'Delete a saved search of yours',
    access: signedIn,
    audit: 'saved-search.delete',
    params: uuidParams,
    reply: { status: 204, description: 'It is gone.' },
    handle: async ({ database }, { actor, params }) => {
      await deleteSavedSearch(database, params.id, actor.personId);
      return { body: undefined };
    },
  }),
];

function askerOf(actor: Actor): Asker {
  return { personId: actor.personId, workspaceIds: [...actor.workspaces.keys()] };
}

/** Sharing with a workspace that one is not in would tell that it exists. */
function checkWorkspace(actor: Actor, workspaceId: string | null): void {
  if (workspaceId !== null && !can(actor, 'workspace.read', workspaceId)) throw notFound('workspace');
}

/** Only the owner changes it; to others it is not there to be changed. */
async function findOwn(
  { database }: ApiContext,
  { id }: { id: string },
  actor: Actor,
): Promise<SavedSearch | undefined> {
  const saved = await getSavedSearch(database, id, askerOf(actor));
  return saved.owner.id === actor.personId ? saved : undefined;
}

function presented(saved: SavedSearch, actor: Actor) {
  return { ...saved, mine: saved.owner.id === actor.personId };
}
