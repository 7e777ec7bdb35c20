import { createLoginLink } from '../../access/login-links.js';
import { createPerson, getPerson, listPeople, updatePerson } from '../../access/people.js';
import { ANY_TEXT, decodeCursor, pageOf } from '../../catalog/model/cursor.js';
import type { ApiContext } from '../context.js';
import { onTenant, onTenantThing, type Route, route } from '../route.js';
import { uuidParams } from '../schemas/lists.js';
import {
  loginLinkSchema,
  newPersonSchema,
  personListQuery,
  personPageSchema,
  personPatchSchema,
  personSchema,
} from '../schemas/people.js';

const find = ({ database }: ApiContext, { id }: { id: string }) => getPerson(database, id);
const tag = 'People';

export const personRoutes: Route[] = [
  route({
    method: 'get',
    path: '/people',
    tag,
    summary: 'List people',
    access: onTenant('person.read'),
    query: personListQuery,
    reply: { status: 200, description: 'A page of people, by e-mail address.', body: personPageSchema },
    handle: async ({ database }, { query: { cursor, limit } }) => {
      const [after] = decodeCursor(cursor, [ANY_TEXT]) ?? [];
      const people = await listPeople(database, { after, limit: limit + 1 });
      return {
        body: pageOf(
          people,
          limit,
          (person) => person,
          (person) => [person.email],
        ),
      };
    },
  }),
  route({
    method: 'post',
    path: '/people',
    tag,
    summary: 'Add a person',
    access: onTenant('person.manage'),
    audit: 'person.create',
    body: newPersonSchema,
    idempotent: true,
    reply: { status: 201, description: 'The person.', body: personSchema },
    problems: ['NAME_TAKEN', 'PASSWORD_REFUSED'],
    handle: async ({ database }, { body }) => ({ body: await createPerson(database, body) }),
  }),
  route({
    method: 'get',
    path: '/people/:id',
    tag,
    summary: 'Read a person',
    access: onTenantThing('person.read', 'person', find),
    params: uuidParams,
    reply: { status: 200, description: 'The person.', body: personSchema },
    handle: async (_context, { target }) => ({ body: target }),
  }),
  route({
    method: 'patch',
    path: '/people/:id',
    tag,
    summary: 'Change a person',
    description: 'Disabling somebody, or a new password, ends their sessions at once.',
    access: onTenantThing('person.manage', 'person', find),
    audit: 'person.edit',
    changesSearch: true,
    params: uuidParams,
    body: personPatchSchema,
    reply: { status: 200, description: 'The person as they are now.', body: personSchema },
    problems: ['NAME_TAKEN', 'PASSWORD_REFUSED', 'LAST_ADMIN'],
    handle: async ({ database }, { params, body }) => ({ body: await updatePerson(database, params.id, body) }),
  }),
  route({
    method: 'post',
    path: '/people/:id/login-links',
    tag,
    summary: 'Make a login link for a person',
    description: 'Works once, for 15 minutes. What signs in stands behind the #, so that it reaches no server log.',
    access: onTenantThing('person.manage', 'person', find),
    audit: 'person.login-link',
    params: uuidParams,
    reply: { status: 201, description: 'The link.', body: loginLinkSchema },
    handle: async ({ database, config }, { params }) => {
      const { secret, expiresAt } = await createLoginLink(database, params.id);
      return { body: { url: `${config.publicUrl.origin}/login#${secret}`, expiresAt } };
    },
  }),
];
