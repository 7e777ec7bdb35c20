import { audit } from '../access/audit.js';
import type { ApiContext } from './context.js';
import type { Call, Result, Route } from './route.js';

/**
 * Keeps who did what to which thing. The deed is done by then: where the record cannot be written the log has it, and
 * the person is not told of a failure that did not happen.
 */
export async function recordDeed(
  context: ApiContext,
  route: Route,
  call: Call<unknown, unknown, unknown, unknown>,
  result: Result<unknown> | undefined,
): Promise<void> {
  if (route.audit === undefined) return;
  const deed = {
    personId: call.actor.personId,
    action: route.audit,
    // What is done to an object of the map is found with the object, whatever the deed is about.
    objectKind: route.path.startsWith('/entities/:id') ? 'entity' : (route.audit.split('.')[0] ?? route.audit),
    objectId: idOf(call.params) ?? idOf(result?.body) ?? '',
    workspaceId: workspaceOf(call.target) ?? workspaceOf(call.body),
  };
  try {
    await audit(context.database, {
      ...deed,
      detail: { requestId: String(call.request.id), ...changed(call.body), ...result?.deed },
    });
  } catch (error) {
    context.log.error({ err: error, deed }, 'A deed could not be recorded');
  }
}

/** Names of the fields that were sent, never their values. */
function changed(body: unknown): { fields?: string[] } {
  return typeof body === 'object' && body !== null ? { fields: Object.keys(body) } : {};
}

function idOf(value: unknown): string | undefined {
  return property(value, 'id');
}

function workspaceOf(value: unknown): string | undefined {
  return property(value, 'workspaceId');
}

function property(value: unknown, name: string): string | undefined {
  if (typeof value !== 'object' || value === null || !(name in value)) return undefined;
  const found = (value as Record<string, unknown>)[name];
  return typeof found === 'string' ? found : undefined;
}
