import { visiblePredicate } from '../../access/visibility.js';
import { deleteTag, getTag, listTags, mergeTag, renameTag, type Tag } from '../../catalog/annotations/tags.js';
import type { ApiContext } from '../context.js';
import { onTenantThing, type Route, route, visible } from '../route.js';
import { tagListQuery, tagMergeSchema, tagPageSchema, tagPatchSchema, tagSchema } from '../schemas/annotations.js';
import { decimalParams } from '../schemas/lists.js';

const tag = 'Map';

export const tagRoutes: Route[] = [
  route({
    method: 'get',
    path: '/tags',
    tag,
    summary: 'List the tags in use on what you may see',
    description: 'The vocabulary is one for the whole tenant, and made by use.',
    access: visible,
    query: tagListQuery,
    reply: { status: 200, description: 'A page of tags, by name.', body: tagPageSchema },
    handle: async ({ database }, { actor, query: { q, unused, ...page } }) => ({
      body: await listTags(
        database,
        { text: q, unused: unused === true && actor.tenantRole === 'admin' },
        page,
        visiblePredicate(actor),
      ),
    }),
  }),
  route({
    method: 'patch',
    path: '/tags/:id',
    tag,
    summary: 'Rename a tag, everywhere at once',
    access: onTenantThing('tag.manage', 'tag', findTag),
    audit: 'tag.edit',
    changesSearch: true,
    params: decimalParams,
    body: tagPatchSchema,
    edits: (_context, { target }) => target,
    reply: { status: 200, description: 'The tag as it is now.', body: tagSchema },
    problems: ['NAME_TAKEN'],
    handle: async ({ database }, { params, body, target }) => {
      const renamed = await renameTag(database, params.id, target.version, body.name);
      return { body: renamed, version: renamed.version };
    },
  }),
  route({
    method: 'post',
    path: '/tags/:id/merge',
    tag,
    summary: 'Merge a tag into another',
    description: 'Whatever has the one has the other afterwards, and the one is gone.',
    access: onTenantThing('tag.manage', 'tag', findTag),
    audit: 'tag.merge',
    changesSearch: true,
    params: decimalParams,
    body: tagMergeSchema,
    reply: { status: 200, description: 'The tag that stays.', body: tagSchema },
    handle: async ({ database }, { params, body }) => {
      const merged = await mergeTag(database, params.id, body.into);
      return { body: merged, version: merged.version };
    },
  }),
  route({
    method: 'delete',
    path: '/tags/:id',
    tag,
    summary: 'Take a tag off everything',
    access: onTenantThing('tag.manage', 'tag', findTag),
    audit: 'tag.delete',
    changesSearch: true,
    params: decimalParams,
    reply: { status: 204, description: 'It is gone.' },
    handle: async ({ database }, { params }) => {
      await deleteTag(database, params.id);
      return { body: undefined };
    },
  }),
];

function findTag({ database }: ApiContext, { id }: { id: string }): Promise<Tag> {
  return getTag(database, id);
}
