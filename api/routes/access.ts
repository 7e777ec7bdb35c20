import { can } from '../../access/authorise.js';
import { Forbidden } from '../../access/errors.js';
import { explainAccess } from '../../access/explain.js';
import { auditedWorkspaces, listAudit } from '../../access/list-audit.js';
import { visiblePredicate } from '../../access/visibility.js';
import { getEntity } from '../../catalog/entities/entity.js';
import { DECIMAL, decodeCursor, pageOf } from '../../catalog/model/cursor.js';
import { type Route, route, visible } from '../route.js';
import { accessQuery, accessSchema, auditPageSchema, auditQuery } from '../schemas/access.js';
import { decimalParams } from '../schemas/lists.js';

export const accessRoutes: Route[] = [
  route({
    method: 'get',
    path: '/entities/:id/access',
    tag: 'Map',
    summary: 'Tell why somebody may see an entity, or may not',
    description: 'Of yourself, or, as an admin of its workspace or of the tenant, of anybody.',
    access: visible,
    params: decimalParams,
    query: accessQuery,
    reply: { status: 200, description: 'The rule and what it hangs on.', body: accessSchema },
    problems: ['FORBIDDEN'],
    handle: async ({ database }, { actor, params, query: { person = actor.personId } }) => {
      const { workspace } = await getEntity(database, { id: params.id }, visiblePredicate(actor));
      // Who sees the entity because it is public knows of the workspace already, so this is refused, not hidden.
      if (person !== actor.personId && !can(actor, 'audit.read', workspace.id))
        throw new Forbidden('audit.read', workspace);
      return { body: await explainAccess(database, params.id, person) };
    },
  }),
  route({
    method: 'get',
    path: '/audit-events',
    tag: 'Workspaces',
    summary: 'List who did what, newest first',
    description:
      'All of it for admins of the tenant; that of their workspaces for admins of these; nothing for others.',
    access: visible,
    query: auditQuery,
    reply: { status: 200, description: 'A page of records.', body: auditPageSchema },
    handle: async ({ database }, { actor, query: { cursor, limit, ...filters } }) => {
      const [before] = decodeCursor(cursor, [DECIMAL]) ?? [];
      const found = await listAudit(database, auditedWorkspaces(actor), filters, { before, limit: limit + 1 });
      return {
        body: pageOf(
          found,
          limit,
          (record) => record,
          ({ id }) => [id],
        ),
      };
    },
  }),
];
