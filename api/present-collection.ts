import type { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { can } from '../access/authorise.js';
import {
  mayEditCollection,
  requireCertifier,
  requireEditor,
  visibleCollections,
  visibleItems,
} from '../access/collections.js';
import { type Asker, type Collection, getCollection } from '../catalog/collections/collection.js';
import { listSections } from '../catalog/collections/sections.js';
import type { Database } from '../db/database.js';
import type { ApiContext } from './context.js';
import { onShared, type Result } from './route.js';
import type { collectionPageSchema, collectionSchema } from './schemas/collections.js';

type Summary = z.input<typeof collectionPageSchema>['items'][number];

/** Somebody as the catalog asks about collections for. */
export function asker(actor: Actor): Asker {
  return { personId: actor.personId, collections: visibleCollections(actor), items: visibleItems(actor) };
}

/** A collection of a path, with its workspace for the record of deeds. */
export async function findCollection({ database }: ApiContext, { id }: { id: string }, actor: Actor) {
  const collection = await getCollection(database, id, asker(actor));
  return { ...collection, ...(collection.workspace === null ? {} : { workspaceId: collection.workspace.id }) };
}

/** Routes of whoever sees the collection, of who may change it, and of who may give it the official mark. */
export const anyCollection = onShared('collection.read', 'collection', findCollection);
export const editableCollection = onShared('collection.manage', 'collection', findCollection, requireEditor);
export const certifiableCollection = onShared('collection.certify', 'collection', findCollection, requireCertifier);

/** A collection as lists show it. */
export function presentCollection(collection: Collection, actor: Actor): Summary {
  const { officialAt, officialBy, ...shown } = collection;
  const edit = mayEditCollection(actor, collection);
  const certify = collection.visibility !== 'private' && can(actor, 'collection.certify', collection.workspace?.id);
  const notAnOwner = 'You need to be an owner of it, or collection.manage over it.';
  return {
    ...shown,
    official: officialAt === null ? null : { at: officialAt, by: officialBy },
    can: { edit, delete: edit, certify },
    whyNot: {
      ...(edit ? {} : { edit: notAnOwner, delete: notAnOwner }),
      ...(certify
        ? {}
        : {
            certify:
              collection.visibility === 'private'
                ? 'A private collection cannot be official.'
                : `You need collection.certify${collection.workspace === null ? '' : ' in its workspace'}.`,
          }),
    },
  };
}

/** A collection as it is now, with its sections and its ETag. @throws NotFound */
export async function readCollection(
  database: Database,
  id: string,
  actor: Actor,
): Promise<Result<z.input<typeof collectionSchema>>> {
  const as = asker(actor);
  const collection = await getCollection(database, id, as);
  return {
    body: { ...presentCollection(collection, actor), sections: await listSections(database, id, as) },
    version: collection.version,
  };
}
