import { addOwner, removeOwner, setFollowing } from '../../catalog/collections/people.js';
import { setOfficial } from '../../catalog/collections/write-collections.js';
import { anyCollection, certifiableCollection, editableCollection, readCollection } from '../present-collection.js';
import { type Route, route } from '../route.js';
import { collectionSchema, followingSchema, ownerParams } from '../schemas/collections.js';
import { uuidParams } from '../schemas/lists.js';

const tag = 'Collections';

/** Who owns and follows a collection, and who vouches for it. */
export const collectionPeopleRoutes: Route[] = [
  route({
    method: 'put',
    path: '/collections/:id/owners/:personId',
    tag,
    summary: 'Make a person an owner of a collection',
    description: 'Repeatable. Who owns what members of a workspace see has to be one of them.',
    access: editableCollection,
    audit: 'collection.add_owner',
    params: ownerParams,
    reply: { status: 200, description: 'The collection.', body: collectionSchema },
    problems: ['OWNER_NOT_MEMBER', 'COLLECTION_FULL'],
    handle: async ({ database }, { actor, params }) => {
      await addOwner(database, params.id, params.personId);
      return readCollection(database, params.id, actor);
    },
  }),
  route({
    method: 'delete',
    path: '/collections/:id/owners/:personId',
    tag,
    summary: 'Take a person off the owners of a collection',
    description: 'One who can sign in has to be left. Who takes themselves off a private one sees it no more.',
    access: editableCollection,
    audit: 'collection.remove_owner',
    params: ownerParams,
    reply: { status: 204, description: 'They own it no longer.' },
    problems: ['LAST_OWNER'],
    handle: async ({ database }, { params }) => {
      await removeOwner(database, params.id, params.personId);
      return { body: undefined };
    },
  }),
  ...(['put', 'delete'] as const).map((method) =>
    route({
      method,
      path: '/collections/:id/follow',
      tag,
      summary: method === 'put' ? 'Follow a collection' : 'Follow a collection no more',
      description: 'Repeatable.',
      access: anyCollection,
      audit: method === 'put' ? 'collection.follow' : 'collection.unfollow',
      params: uuidParams,
      reply: { status: 200, description: 'How it stands now.', body: followingSchema },
      handle: async ({ database }, { actor, params }) => {
        await setFollowing(database, params.id, actor.personId, method === 'put');
        return { body: (await readCollection(database, params.id, actor)).body };
      },
    }),
  ),
  ...(['put', 'delete'] as const).map((method) =>
    route({
      method,
      path: '/collections/:id/official',
      tag,
      summary: method === 'put' ? 'Mark a collection as official' : 'Take the official mark off a collection',
      description:
        'Repeatable. Admins of its workspace may, and admins of the installation; of one that belongs to no workspace the ' +
        'latter alone.',
      access: certifiableCollection,
      audit: method === 'put' ? 'collection.certify' : 'collection.decertify',
      params: uuidParams,
      reply: { status: 200, description: 'The collection.', body: collectionSchema },
      problems: ['PRIVATE_NOT_OFFICIAL'],
      handle: async ({ database }, { actor, params }) => {
        await setOfficial(database, params.id, method === 'put' ? actor.personId : undefined);
        return readCollection(database, params.id, actor);
      },
    }),
  ),
];
