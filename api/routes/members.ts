import { listMembers, putMember, removeMember } from '../../access/members.js';
import { ANY_TEXT, decodeCursor, pageOf } from '../../catalog/model/cursor.js';
import { onWorkspaceOf, type Route, route } from '../route.js';
import { pageQuery, uuidParams } from '../schemas/lists.js';
import { memberPageSchema, memberParams, memberRoleSchema, memberSchema } from '../schemas/workspaces.js';
import { findWorkspace } from './workspaces.js';

const tag = 'Workspaces';

export const memberRoutes: Route[] = [
  route({
    method: 'get',
    path: '/workspaces/:id/members',
    tag,
    summary: 'List the members of a workspace',
    access: onWorkspaceOf('member.read', 'workspace', findWorkspace),
    params: uuidParams,
    query: pageQuery,
    reply: { status: 200, description: 'A page of members, by e-mail address.', body: memberPageSchema },
    handle: async ({ database }, { params, query: { cursor, limit } }) => {
      const [after] = decodeCursor(cursor, [ANY_TEXT]) ?? [];
      const members = await listMembers(database, params.id, { after, limit: limit + 1 });
      return {
        body: pageOf(
          members,
          limit,
          (member) => member,
          (member) => [member.email],
        ),
      };
    },
  }),
  route({
    method: 'put',
    path: '/workspaces/:id/members/:personId',
    tag,
    summary: 'Make a person a member, or give a member another role',
    access: onWorkspaceOf('member.manage', 'workspace', findWorkspace),
    audit: 'member.put',
    params: memberParams,
    body: memberRoleSchema,
    reply: { status: 200, description: 'The member.', body: memberSchema },
    problems: ['LAST_ADMIN'],
    handle: async ({ database }, { params, body }) => ({
      body: await putMember(database, params.id, params.personId, body.role),
    }),
  }),
  route({
    method: 'delete',
    path: '/workspaces/:id/members/:personId',
    tag,
    summary: 'Take a member out of a workspace',
    access: onWorkspaceOf('member.manage', 'workspace', findWorkspace),
    audit: 'member.remove',
    params: memberParams,
    reply: { status: 204, description: 'They are a member no longer.' },
    problems: ['LAST_ADMIN'],
    handle: async ({ database }, { params }) => {
      await removeMember(database, params.id, params.personId);
      return { body: undefined };
    },
  }),
];
