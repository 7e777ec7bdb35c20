import type { z } from 'zod';
import type { Actor } from '../../access/actor.js';
import { visibleWorkspaces } from '../../access/visibility.js';
import {
  createWorkspace,
  deleteWorkspace,
  getWorkspace,
  listWorkspaces,
  updateWorkspace,
  type Workspace,
} from '../../access/workspaces.js';
import { ANY_TEXT, decodeCursor, pageOf } from '../../catalog/model/cursor.js';
import type { ApiContext } from '../context.js';
import { permitted } from '../permitted.js';
import { onTenant, onWorkspaceOf, type Route, route, visible } from '../route.js';
import { uuidParams } from '../schemas/lists.js';
import {
  newWorkspaceSchema,
  workspaceListQuery,
  workspacePageSchema,
  workspacePatchSchema,
  workspaceSchema,
} from '../schemas/workspaces.js';

const tag = 'Workspaces';

export const workspaceRoutes: Route[] = [
  route({
    method: 'get',
    path: '/workspaces',
    tag,
    summary: 'List workspaces',
    access: visible,
    query: workspaceListQuery,
    reply: { status: 200, description: 'A page of those you are in, by name.', body: workspacePageSchema },
    handle: async ({ database }, { actor, query: { cursor, limit } }) => {
      const [after] = decodeCursor(cursor, [ANY_TEXT]) ?? [];
      const found = await listWorkspaces(database, visibleWorkspaces(actor), { after, limit: limit + 1 });
      return {
        body: pageOf(
          found,
          limit,
          (workspace) => presentWorkspace(workspace, actor),
          (workspace) => [workspace.name],
        ),
      };
    },
  }),
  route({
    method: 'post',
    path: '/workspaces',
    tag,
    summary: 'Create a workspace',
    description: 'You become its first admin.',
    access: onTenant('workspace.create'),
    audit: 'workspace.create',
    body: newWorkspaceSchema,
    idempotent: true,
    reply: { status: 201, description: 'The workspace.', body: workspaceSchema },
    problems: ['NAME_TAKEN'],
    handle: async ({ database }, { actor, body }) => {
      const workspace = await createWorkspace(database, body, actor.personId);
      // Who creates it is an admin of the tenant, so what they may do does not depend on the membership just made.
      return {
        body: { ...presentWorkspace(workspace, actor), role: 'admin' as const },
        version: workspace.version,
        headers: { Location: `/api/v1/workspaces/${workspace.id}` },
      };
    },
  }),
  route({
    method: 'get',
    path: '/workspaces/:id',
    tag,
    summary: 'Read a workspace',
    access: onWorkspaceOf('workspace.read', 'workspace', findWorkspace),
    params: uuidParams,
    reply: { status: 200, description: 'The workspace.', body: workspaceSchema },
    handle: async (_context, { actor, target }) => ({
      body: presentWorkspace(target, actor),
      version: target.version,
    }),
  }),
  route({
    method: 'patch',
    path: '/workspaces/:id',
    tag,
    summary: 'Change a workspace',
    description: 'A new default visibility is for databases to come.',
    access: onWorkspaceOf('workspace.manage', 'workspace', findWorkspace),
    audit: 'workspace.edit',
    params: uuidParams,
    body: workspacePatchSchema,
    edits: (_context, { target, actor }) => presentWorkspace(target, actor),
    reply: { status: 200, description: 'The workspace as it is now.', body: workspaceSchema },
    problems: ['NAME_TAKEN'],
    handle: async ({ database }, { actor, params, body, target }) => {
      const workspace = await updateWorkspace(database, params.id, { ...body, version: target.version });
      const [from, to] = [target.defaultVisibility, workspace.defaultVisibility];
      return {
        body: presentWorkspace(workspace, actor),
        version: workspace.version,
        ...(from === to ? {} : { deed: { defaultVisibility: { from, to } } }),
      };
    },
  }),
  route({
    method: 'delete',
    path: '/workspaces/:id',
    tag,
    summary: 'Delete a workspace',
    description: 'Refused while it owns data sources or crawlers.',
    access: onWorkspaceOf('workspace.delete', 'workspace', findWorkspace),
    audit: 'workspace.delete',
    params: uuidParams,
    reply: { status: 204, description: 'It is gone.' },
    problems: ['WORKSPACE_IN_USE'],
    handle: async ({ database }, { params }) => {
      await deleteWorkspace(database, params.id);
      return { body: undefined };
    },
  }),
];

/** A workspace is what it owns itself: it is checked like anything in it. */
export async function findWorkspace(
  { database }: ApiContext,
  { id }: { id: string },
): Promise<Workspace & { workspaceId: string }> {
  return { ...(await getWorkspace(database, id)), workspaceId: id };
}

function presentWorkspace(workspace: Workspace, actor: Actor): z.input<typeof workspaceSchema> {
  return {
    ...workspace,
    role: actor.workspaces.get(workspace.id) ?? null,
    ...permitted(actor, workspace.id, {
      edit: 'workspace.manage',
      delete: 'workspace.delete',
      manageMembers: 'member.manage',
      createDataSource: 'source.write',
      createCrawler: 'crawler.write',
    }),
  };
}
