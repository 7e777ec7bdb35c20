import type { Request, Response } from 'express';
import type { Actor } from '../../access/actor.js';
import { can } from '../../access/authorise.js';
import { redeemLoginLink } from '../../access/login-links.js';
import { ALL_PERMISSIONS } from '../../access/permissions.js';
import { createSession, endSession, type NewSession, signIn } from '../../access/sessions.js';
import { visibleWorkspaces } from '../../access/visibility.js';
import { listWorkspaces } from '../../access/workspaces.js';
import type { ApiContext } from '../context.js';
import { refuseForeignOrigin } from '../cross-site.js';
import { loginLimits } from '../login-limits.js';
import { open, type Route, route, signedIn } from '../route.js';
import { linkSignInSchema, meSchema, sessionSchema, signInSchema } from '../schemas/people.js';
import { clearSessionCookie, readSessionCookie, setSessionCookie } from '../session-cookie.js';

const tag = 'Session';
/** More workspaces than a person works in; a tenant's admin sees the first of them here and the rest in their list. */
const MOST_WORKSPACES = 500;

/** Each call counts attempts anew, so that two APIs in one process do not share their limits. */
export function sessionRoutes(): Route[] {
  const guard = loginLimits();
  return [
    route({
      method: 'post',
      path: '/session',
      tag,
      summary: 'Sign in with e-mail address and password',
      description: 'Sets the session cookie. Failed attempts are limited by address and by account.',
      access: open,
      guard,
      body: signInSchema,
      reply: { status: 201, description: 'Signed in.', body: sessionSchema },
      problems: ['SIGN_IN_FAILED', 'TOO_MANY_ATTEMPTS', 'CROSS_SITE_REQUEST'],
      handle: async (context, { body, request, response }) => {
        refuseForeignOrigin(context.config, request);
        const { session, actor } = await signIn(context.database, { ...body, userAgent: request.get('user-agent') });
        return signedInAs(context, request, response, session, actor);
      },
    }),
    route({
      method: 'post',
      path: '/session/link',
      tag,
      summary: 'Sign in with a login link',
      description: 'The link is what stands behind the # of its address. It works once.',
      access: open,
      guard,
      body: linkSignInSchema,
      reply: { status: 201, description: 'Signed in.', body: sessionSchema },
      problems: ['LOGIN_LINK_INVALID', 'TOO_MANY_ATTEMPTS', 'CROSS_SITE_REQUEST'],
      handle: async (context, { body, request, response }) => {
        refuseForeignOrigin(context.config, request);
        const actor = await redeemLoginLink(context.database, body.link);
        const session = await createSession(context.database, actor.personId, request.get('user-agent'));
        return signedInAs(context, request, response, session, actor);
      },
    }),
    route({
      method: 'delete',
      path: '/session',
      tag,
      summary: 'Sign out',
      access: signedIn,
      reply: { status: 204, description: 'Signed out.' },
      handle: async ({ database, config }, { request, response }) => {
        const secret = readSessionCookie(config, request);
        if (secret !== undefined) await endSession(database, secret);
        clearSessionCookie(config, response);
        return { body: undefined };
      },
    }),
    route({
      method: 'get',
      path: '/me',
      tag,
      summary: 'Tell who is signed in, and what they may do',
      access: signedIn,
      reply: { status: 200, description: 'You.', body: meSchema },
      handle: async ({ database }, { actor }) => {
        const workspaces = await listWorkspaces(database, visibleWorkspaces(actor), { limit: MOST_WORKSPACES });
        return {
          body: {
            person: personOf(actor),
            permissions: ALL_PERMISSIONS.filter((permission) => can(actor, permission)),
            workspaces: workspaces.map(({ id, name }) => ({
              id,
              name,
              role: actor.workspaces.get(id) ?? null,
              permissions: ALL_PERMISSIONS.filter((permission) => can(actor, permission, id)),
            })),
          },
        };
      },
    }),
  ];
}

/** An earlier session of the same browser ends: signing in never leaves two. */
async function signedInAs(
  { database, config }: ApiContext,
  request: Request,
  response: Response,
  session: NewSession,
  actor: Actor,
) {
  const earlier = readSessionCookie(config, request);
  if (earlier !== undefined) await endSession(database, earlier);
  setSessionCookie(config, response, session.secret, session.expiresAt);
  return { body: { person: personOf(actor), expiresAt: session.expiresAt } };
}

function personOf({ personId, email, name, tenantRole }: Actor) {
  return { id: personId, email, name, tenantRole };
}
