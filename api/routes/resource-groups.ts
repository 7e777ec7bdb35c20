import type { z } from 'zod';
import type { Actor } from '../../access/actor.js';
import {
  createGroup,
  deleteGroup,
  getGroup,
  listGroups,
  type ResourceGroupDetail,
  updateGroup,
} from '../../catalog/groups/groups.js';
import type { ApiContext } from '../context.js';
import { permitted } from '../permitted.js';
import { onTenant, onTenantThing, type Route, route, signedIn } from '../route.js';
import {
  groupParams,
  newResourceGroupSchema,
  resourceGroupListSchema,
  resourceGroupPatchSchema,
  resourceGroupSchema,
} from '../schemas/resource-groups.js';
import { workerRemedy } from '../without-worker.js';

const find = ({ database }: ApiContext, { id }: { id: string }) => getGroup(database, id);

export const resourceGroupRoutes: Route[] = [
  route({
    method: 'get',
    path: '/resource-groups',
    tag: 'Resource groups',
    summary: 'List resource groups and their workers',
    access: signedIn,
    reply: { status: 200, description: 'All of them; there are few.', body: resourceGroupListSchema },
    handle: async ({ database }, { actor }) => {
      const groups = await listGroups(database);
      const detailed = await Promise.all(groups.map((group) => getGroup(database, group.id)));
      return { body: { items: detailed.map((group) => presentGroup(group, actor)) } };
    },
  }),
  route({
    method: 'post',
    path: '/resource-groups',
    tag: 'Resource groups',
    summary: 'Create a resource group',
    description: 'It has no capacity until a worker is started for it.',
    access: onTenant('group.manage'),
    audit: 'group.create',
    body: newResourceGroupSchema,
    idempotent: true,
    reply: { status: 201, description: 'The group.', body: resourceGroupSchema },
    problems: ['NAME_TAKEN'],
    handle: async ({ database }, { actor, body }) => {
      const group = await createGroup(database, body);
      return { body: presentGroup(group, actor), version: group.version, headers: { Location: location(group.id) } };
    },
  }),
  route({
    method: 'get',
    path: '/resource-groups/:id',
    tag: 'Resource groups',
    summary: 'Read a resource group and its workers',
    access: signedIn,
    params: groupParams,
    reply: { status: 200, description: 'The group.', body: resourceGroupSchema },
    handle: async (context, { actor, params }) => {
      const group = await find(context, params);
      return { body: presentGroup(group, actor), version: group.version };
    },
  }),
  route({
    method: 'patch',
    path: '/resource-groups/:id',
    tag: 'Resource groups',
    summary: 'Change a resource group',
    description: 'Its workers take a new capacity by themselves.',
    access: onTenantThing('group.manage', 'resource group', find),
    audit: 'group.edit',
    params: groupParams,
    body: resourceGroupPatchSchema,
    edits: (_context, { target, actor }) => presentGroup(target, actor),
    reply: { status: 200, description: 'The group as it is now.', body: resourceGroupSchema },
    handle: async ({ database }, { actor, params, body, target }) => {
      const group = await updateGroup(database, params.id, { ...body, version: target.version });
      return { body: presentGroup(group, actor), version: group.version };
    },
  }),
  route({
    method: 'delete',
    path: '/resource-groups/:id',
    tag: 'Resource groups',
    summary: 'Delete a resource group',
    description: 'Refused while crawlers run in it.',
    access: onTenantThing('group.manage', 'resource group', find),
    audit: 'group.delete',
    params: groupParams,
    reply: { status: 204, description: 'It is gone.' },
    problems: ['GROUP_IN_USE'],
    handle: async ({ database }, { params }) => {
      await deleteGroup(database, params.id);
      return { body: undefined };
    },
  }),
];

const location = (id: string) => `/api/v1/resource-groups/${id}`;

function presentGroup(group: ResourceGroupDetail, actor: Actor): z.input<typeof resourceGroupSchema> {
  const live = group.workers.length > 0;
  return {
    ...group,
    state: {
      live,
      workers: group.workers,
      ...(live ? {} : { remedy: workerRemedy(group.id) }),
    },
    ...permitted(actor, undefined, { edit: 'group.manage', delete: 'group.manage' }),
  };
}
