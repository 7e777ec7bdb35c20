import type { Actor } from '../access/actor.js';
import type { ApiContext } from './context.js';
import type { Call, Route } from './route.js';
import { checkAccess, shaped, validate } from './serve-route.js';

/**
 * What a route that reads answers somebody, with all its checks, where there is no HTTP request of its own.
 * @param sent as text, as a path and a query would hold it
 * @throws Problem, and the typed errors of the rooms below
 */
export async function readRoute(
  context: ApiContext,
  route: Route,
  actor: Actor,
  sent: { params: unknown; query: unknown },
): Promise<unknown> {
  const params = validate(route.params, sent.params, 'path');
  const target = await checkAccess(context, route, actor, params, undefined);
  const call = { params, query: validate(route.query, sent.query, 'query'), body: undefined, target, actor };
  // Routes that tools read through look at nothing else of a request.
  const result = await route.handle(context, call as Call<unknown, unknown, unknown, unknown>);
  return shaped(route, result?.body);
}
