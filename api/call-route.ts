import type { Request } from 'express';
import type { Actor } from '../access/actor.js';
import type { ApiContext } from './context.js';
import { recordDeed } from './record-deed.js';
import type { Call, Route } from './route.js';
import { checkAccess, shaped, validate } from './serve-route.js';

/** What a request to a route of its own would hold. */
export interface Sent {
  /** As text, as a path holds it. */
  params: unknown;
  /** As text, as a query holds it. */
  query: unknown;
  /** As JSON holds it; of a route without a body left out. */
  body?: unknown;
}

/**
 * What a route answers somebody, with all its checks and its record of the deed, where it is not asked over HTTP itself.
 * @param request the one that it is asked in: the handler may tell by it that the asker is gone
 * @throws Problem, and the typed errors of the rooms below
 */
export async function callRoute(
  context: ApiContext,
  route: Route,
  actor: Actor,
  request: Request,
  sent: Sent,
): Promise<unknown> {
  const params = validate(route.params, sent.params, 'path');
  const target = await checkAccess(context, route, actor, params, sent);
  const query = validate(route.query, sent.query, 'query');
  const body = route.body === undefined ? undefined : validate(route.body, sent.body ?? {}, 'body');
  // Such a route writes no answer of its own.
  const call = { params, query, body, target, actor, request } as Call<unknown, unknown, unknown, unknown>;
  const result = await route.handle(context, call);
  await recordDeed(context, route, call, result);
  return shaped(route, result?.body);
}
