import { addSection, deleteSection, orderSections, updateSection } from '../../catalog/collections/sections.js';
import { editableCollection, readCollection } from '../present-collection.js';
import { type Route, route } from '../route.js';
import {
  collectionSchema,
  newSectionSchema,
  sectionOrderSchema,
  sectionParams,
  sectionPatchSchema,
} from '../schemas/collections.js';
import { uuidParams } from '../schemas/lists.js';

const tag = 'Collections';

/** Sections are part of the collection: what changes them is based on its ETag and answers with the next one. */
export const collectionSectionRoutes: Route[] = [
  route({
    method: 'post',
    path: '/collections/:id/sections',
    tag,
    summary: 'Add a section to a collection',
    description: 'After the others.',
    access: editableCollection,
    audit: 'collection.add_section',
    params: uuidParams,
    body: newSectionSchema,
    idempotent: true,
    reply: { status: 201, description: 'The collection with the section, the last one.', body: collectionSchema },
    problems: ['COLLECTION_FULL'],
    handle: async ({ database }, { actor, params, body }) => {
      await addSection(database, params.id, body);
      return readCollection(database, params.id, actor);
    },
  }),
  route({
    method: 'put',
    path: '/collections/:id/sections',
    tag,
    summary: 'Put the sections of a collection in order',
    access: editableCollection,
    audit: 'collection.order_sections',
    params: uuidParams,
    body: sectionOrderSchema,
    edits: async ({ database }, { target, actor }) => (await readCollection(database, target.id, actor)).body,
    reply: { status: 200, description: 'The collection as it is now.', body: collectionSchema },
    problems: ['INVALID_INPUT'],
    handle: async ({ database }, { actor, params, body, target }) => {
      await orderSections(database, params.id, { ...body, version: target.version });
      return readCollection(database, params.id, actor);
    },
  }),
  route({
    method: 'patch',
    path: '/collections/:id/sections/:sectionId',
    tag,
    summary: 'Change a section of a collection',
    access: editableCollection,
    audit: 'collection.edit_section',
    params: sectionParams,
    body: sectionPatchSchema,
    edits: async ({ database }, { target, actor }) => (await readCollection(database, target.id, actor)).body,
    reply: { status: 200, description: 'The collection as it is now.', body: collectionSchema },
    handle: async ({ database }, { actor, params, body, target }) => {
      await updateSection(database, params.id, params.sectionId, { ...body, version: target.version });
      return readCollection(database, params.id, actor);
    },
  }),
  route({
    method: 'delete',
    path: '/collections/:id/sections/:sectionId',
    tag,
    summary: 'Delete a section of a collection',
    description: 'Its items stay, after those under no section.',
    access: editableCollection,
    audit: 'collection.delete_section',
    params: sectionParams,
    reply: { status: 200, description: 'The collection as it is now.', body: collectionSchema },
    handle: async ({ database }, { actor, params }) => {
      await deleteSection(database, params.id, params.sectionId);
      return readCollection(database, params.id, actor);
    },
  }),
];
