import { authorise } from '../../access/authorise.js';
import { visiblePredicate } from '../../access/visibility.js';
import { listCollections } from '../../catalog/collections/list-collections.js';
import { createCollection, deleteCollection, updateCollection } from '../../catalog/collections/write-collections.js';
import { requireVisible } from '../../catalog/entities/entity.js';
import { anyCollection, asker, editableCollection, presentCollection, readCollection } from '../present-collection.js';
import { type Route, route, signedIn, visible } from '../route.js';
import {
  collectionListQuery,
  collectionPageSchema,
  collectionPatchSchema,
  collectionSchema,
  collectionsOfEntityQuery,
  newCollectionSchema,
} from '../schemas/collections.js';
import { decimalParams, uuidParams } from '../schemas/lists.js';

const tag = 'Collections';

export const collectionRoutes: Route[] = [
  route({
    method: 'get',
    path: '/collections',
    tag,
    summary: 'List collections',
    description: 'Those that you may see, by name or the last changed first.',
    access: visible,
    query: collectionListQuery,
    reply: { status: 200, description: 'A page of collections.', body: collectionPageSchema },
    handle: async ({ database }, { actor, query: { q, sort, cursor, limit, ...filter } }) => {
      const page = await listCollections(database, { ...filter, text: q }, { sort, cursor, limit }, asker(actor));
      return { body: { ...page, items: page.items.map((item) => presentCollection(item, actor)) } };
    },
  }),
  route({
    method: 'get',
    path: '/entities/:id/collections',
    tag,
    summary: 'List the collections that an entity is in',
    description: 'Those that you may see.',
    access: visible,
    params: decimalParams,
    query: collectionsOfEntityQuery,
    reply: { status: 200, description: 'A page of collections.', body: collectionPageSchema },
    handle: async ({ database }, { actor, params, query }) => {
      await requireVisible(database, params.id, visiblePredicate(actor));
      const page = await listCollections(database, { entityId: params.id }, query, asker(actor));
      return { body: { ...page, items: page.items.map((item) => presentCollection(item, actor)) } };
    },
  }),
  route({
    method: 'post',
    path: '/collections',
    tag,
    summary: 'Create a collection',
    description: 'You become its first owner. In a workspace you need to be a member of it.',
    access: signedIn,
    audit: 'collection.create',
    body: newCollectionSchema,
    idempotent: true,
    reply: { status: 201, description: 'The collection.', body: collectionSchema },
    problems: ['INVALID_INPUT', 'NOT_FOUND'],
    handle: async ({ database }, { actor, body }) => {
      authorise(actor, 'collection.create', body.workspaceId ?? undefined);
      const id = await createCollection(database, body, actor.personId);
      return { ...(await readCollection(database, id, actor)), headers: { Location: `/api/v1/collections/${id}` } };
    },
  }),
  route({
    method: 'get',
    path: '/collections/:id',
    tag,
    summary: 'Read a collection with its sections',
    access: anyCollection,
    params: uuidParams,
    reply: { status: 200, description: 'The collection; its items have a list of their own.', body: collectionSchema },
    handle: async ({ database }, { actor, params }) => readCollection(database, params.id, actor),
  }),
  route({
    method: 'patch',
    path: '/collections/:id',
    tag,
    summary: 'Change a collection',
    description:
      'With another visibility or workspace the official mark is taken off: others see it now than when it was given.',
    access: editableCollection,
    audit: 'collection.edit',
    params: uuidParams,
    body: collectionPatchSchema,
    edits: async ({ database }, { target, actor }) => (await readCollection(database, target.id, actor)).body,
    reply: { status: 200, description: 'The collection as it is now.', body: collectionSchema },
    problems: ['INVALID_INPUT'],
    handle: async ({ database }, { actor, params, body, target }) => {
      const place = body.workspaceId === undefined ? target.workspace?.id : body.workspaceId;
      const moves = place !== target.workspace?.id || (body.visibility ?? target.visibility) !== target.visibility;
      if (moves && typeof place === 'string' && body.visibility !== 'private')
        authorise(actor, 'collection.create', place);
      // Who is no owner would not see what it did.
      if (body.visibility === 'private' && !target.mine) authorise(actor, 'collection.manage');
      await updateCollection(database, params.id, { ...body, version: target.version });
      return readCollection(database, params.id, actor);
    },
  }),
  route({
    method: 'delete',
    path: '/collections/:id',
    tag,
    summary: 'Delete a collection',
    description: 'With its sections and notes. What it held stays on the map.',
    access: editableCollection,
    audit: 'collection.delete',
    params: uuidParams,
    reply: { status: 204, description: 'It is gone.' },
    handle: async ({ database }, { params }) => {
      await deleteCollection(database, params.id);
      return { body: undefined };
    },
  }),
];
