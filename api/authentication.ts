import type { Request } from 'express';
import type { Actor } from '../access/actor.js';
import { digestOf } from '../access/bearer-secret.js';
import { actorOfSession } from '../access/sessions.js';
import { actorOfToken } from '../access/tokens.js';
import type { ApiContext } from './context.js';
import { refuseCrossSite } from './cross-site.js';
import { Problem } from './problems.js';
import { readSessionCookie } from './session-cookie.js';

/**
 * Who sent a request: the owner of its bearer token, or else of its session cookie. A token that is not valid is
 * refused even beside a valid cookie, since its sender meant to use it.
 * @throws Problem NOT_SIGNED_IN, or CROSS_SITE_REQUEST for a change by cookie that may come from a foreign page
 */
export async function authenticate(context: ApiContext, request: Request): Promise<Actor> {
  const token = bearerToken(request);
  if (token !== undefined) {
    const actor = await actorOfToken(context.database, token);
    if (actor !== undefined) return actor;
    throw notSignedIn('This token is unknown, expired or withdrawn.');
  }
  const secret = readSessionCookie(context.config, request);
  const actor = secret === undefined ? undefined : await actorOfSession(context.database, secret);
  if (actor === undefined) throw notSignedIn('Nobody is signed in.');
  refuseCrossSite(context.config, request);
  return actor;
}

/** The digest of what a request that was let in is signed in by, for `actorsSignedIn`. */
export function credentialOf(context: ApiContext, request: Request): Buffer {
  return digestOf(bearerToken(request) ?? readSessionCookie(context.config, request) ?? '');
}

/** The token of `Authorization: Bearer …`; undefined without that header. */
export function bearerToken(request: Request): string | undefined {
  const header = request.get('authorization');
  if (header === undefined) return undefined;
  const token = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(header)?.[1];
  if (token === undefined) throw notSignedIn('The Authorization header is not of the form "Bearer <token>".');
  return token;
}

function notSignedIn(detail: string): Problem {
  return new Problem('NOT_SIGNED_IN', detail, {
    remedy: 'Sign in at /login, or send an API token as Authorization: Bearer <token>.',
    headers: { 'WWW-Authenticate': 'Bearer realm="datamap"' },
  });
}
