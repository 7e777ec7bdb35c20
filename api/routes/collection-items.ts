import type { Actor } from '../../access/actor.js';
import { requireEditor } from '../../access/collections.js';
import { visiblePredicate } from '../../access/visibility.js';
import { addItems } from '../../catalog/collections/add-items.js';
import { annotateItem, moveItems, removeItems } from '../../catalog/collections/change-items.js';
import { getItem, type Item, listItems } from '../../catalog/collections/list-items.js';
import { NotFound } from '../../db/refusals.js';
import type { ApiContext } from '../context.js';
import { anyCollection, asker, editableCollection, findCollection } from '../present-collection.js';
import { qualifiedName } from '../qualified-name.js';
import { onShared, type Route, route } from '../route.js';
import {
  addedItemsSchema,
  changedItemsSchema,
  itemIdsSchema,
  itemListQuery,
  itemMoveSchema,
  itemPageSchema,
  itemParams,
  itemPatchSchema,
  itemSchema,
  newItemsSchema,
} from '../schemas/collections.js';
import { uuidParams } from '../schemas/lists.js';

const tag = 'Collections';

/** An item that the actor sees, in its collection. */
async function findItem(context: ApiContext, { id, entityId }: { id: string; entityId: string }, actor: Actor) {
  const collection = await findCollection(context, { id }, actor);
  const item = await getItem(context.database, id, entityId, asker(actor));
  return { ...collection, item, version: item.version };
}

export const collectionItemRoutes: Route[] = [
  route({
    method: 'get',
    path: '/collections/:id/items',
    tag,
    summary: 'List the items of a collection',
    description:
      'In its order, those under no section first. What you may not see is neither shown nor counted. What is gone from ' +
      'the map stays, with `removedAt` and the reason, until it is back, taken out, or purged after 30 days.',
    access: anyCollection,
    params: uuidParams,
    query: itemListQuery,
    reply: { status: 200, description: 'A page of items.', body: itemPageSchema },
    handle: async ({ database }, { actor, params, query: { cursor, limit, q, sectionId, ...filter } }) => {
      const inSection = sectionId === undefined ? {} : { sectionId: sectionId === 'none' ? null : sectionId };
      const page = await listItems(
        database,
        params.id,
        { ...filter, ...inSection, text: q },
        { cursor, limit },
        asker(actor),
      );
      return { body: { ...page, items: page.items.map(presentItem) } };
    },
  }),
  route({
    method: 'post',
    path: '/collections/:id/items',
    tag,
    summary: 'Add up to 500 entities to a collection',
    description:
      'By id or guid, at the end of their sections. Each has an outcome: what is not on the map and what you may not see ' +
      'are both `not_found`; what is in the collection `already` keeps its note and place.',
    access: editableCollection,
    audit: 'collection.add_items',
    params: uuidParams,
    body: newItemsSchema,
    idempotent: true,
    reply: { status: 200, description: 'What became of each.', body: addedItemsSchema },
    problems: ['COLLECTION_FULL', 'INVALID_INPUT'],
    handle: async ({ database }, { actor, params, body: { items } }) => {
      const asked = { items, addedBy: actor.personId };
      const outcomes = await addItems(database, params.id, asked, visiblePredicate(actor));
      return {
        body: {
          added: outcomes.filter(({ outcome }) => outcome === 'added').length,
          outcomes: outcomes.map((outcome, at) => ({ id: items[at]?.id, guid: items[at]?.guid, ...outcome })),
        },
      };
    },
  }),
  // Before the routes of one item, which would take these words for an id.
  route({
    method: 'post',
    path: '/collections/:id/items/remove',
    tag,
    summary: 'Take up to 500 items out of a collection',
    access: editableCollection,
    audit: 'collection.remove_items',
    params: uuidParams,
    body: itemIdsSchema,
    idempotent: true,
    reply: { status: 200, description: 'What was taken out.', body: changedItemsSchema },
    handle: async ({ database }, { actor, params, body: { entityIds } }) => ({
      body: outcomeOf(entityIds, await removeItems(database, params.id, entityIds, asker(actor))),
    }),
  }),
  route({
    method: 'post',
    path: '/collections/:id/items/move',
    tag,
    summary: 'Move up to 500 items within a collection',
    description: 'Also to another section. Needs no ETag: it says where they go and not where all the others stand.',
    access: editableCollection,
    audit: 'collection.move_items',
    params: uuidParams,
    body: itemMoveSchema,
    idempotent: true,
    reply: { status: 200, description: 'What was moved.', body: changedItemsSchema },
    problems: ['INVALID_INPUT'],
    handle: async ({ database }, { actor, params, body }) => ({
      body: outcomeOf(body.entityIds, await moveItems(database, params.id, body, asker(actor))),
    }),
  }),
  route({
    method: 'get',
    path: '/collections/:id/items/:entityId',
    tag,
    summary: 'Read an item of a collection',
    access: onShared('collection.read', 'item', findItem),
    params: itemParams,
    reply: { status: 200, description: 'The item.', body: itemSchema },
    handle: async (_context, { target: { item } }) => ({ body: presentItem(item), version: item.version }),
  }),
  route({
    method: 'patch',
    path: '/collections/:id/items/:entityId',
    tag,
    summary: 'Change the note of an item',
    access: onShared('collection.manage', 'item', findItem, requireEditor),
    audit: 'collection.edit_item',
    params: itemParams,
    body: itemPatchSchema,
    edits: (_context, { target: { item } }) => presentItem(item),
    reply: { status: 200, description: 'The item as it is now.', body: itemSchema },
    handle: async ({ database }, { actor, params: { id, entityId }, body, target: { version } }) => {
      await annotateItem(database, id, entityId, { note: body.note, version });
      const item = await getItem(database, id, entityId, asker(actor));
      return { body: presentItem(item), version: item.version };
    },
  }),
  route({
    method: 'delete',
    path: '/collections/:id/items/:entityId',
    tag,
    summary: 'Take an item out of a collection',
    access: onShared('collection.manage', 'item', findItem, requireEditor),
    audit: 'collection.remove_items',
    params: itemParams,
    reply: { status: 204, description: 'It is in the collection no longer.' },
    handle: async ({ database }, { actor, params: { id, entityId } }) => {
      const removed = await removeItems(database, id, [entityId], asker(actor));
      if (removed.length === 0) throw new NotFound('item', entityId);
      return { body: undefined };
    },
  }),
];

function presentItem(item: Item) {
  return { ...item, entity: { ...item.entity, qualifiedName: qualifiedName(item.entity) } };
}

function outcomeOf(asked: readonly string[], changed: readonly string[]): { changed: string[]; notFound: string[] } {
  const done = new Set(changed);
  return { changed: asked.filter((id) => done.has(id)), notFound: asked.filter((id) => !done.has(id)) };
}
