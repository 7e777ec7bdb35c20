import { randomUUID } from 'node:crypto';
import type { Actor } from '../../access/actor.js';
import { abandonRefresh, createRefresh, getRefresh } from '../../catalog/refresh/refreshes.js';
import type { ApiContext } from '../context.js';
import { planRefresh } from '../plan-refresh.js';
import { notFound } from '../problems.js';
import { type Route, route, signedIn, visible } from '../route.js';
import { uuidParams } from '../schemas/lists.js';
import { newRefreshSchema, tableRefreshSchema } from '../schemas/refreshes.js';

const tag = 'Map';

export const refreshRoutes: Route[] = [
  route({
    method: 'post',
    path: '/refreshes',
    tag,
    summary: 'Read named tables again',
    description:
      'At most 50, on the map or new at their source, without a full pass: a run of each crawler that collects them reads ' +
      'just those. It waits for a run of the crawler that is open. What cannot be begun says so at once, table by table.',
    access: signedIn,
    audit: 'refresh.request',
    body: newRefreshSchema,
    idempotent: true,
    reply: { status: 202, description: 'What becomes of each table, as far as it is known.', body: tableRefreshSchema },
    problems: ['TEMPORAL_UNAVAILABLE'],
    handle: async (context, { actor, body }) => {
      const { database, orchestrator } = context;
      const { items, crawlers } = await planRefresh(database, actor, body.tables);
      const refreshId = randomUUID();
      await createRefresh(database, { refreshId, requestedBy: actor.personId, items });
      if (crawlers.length > 0) {
        await orchestrator
          .startRefresh({ refreshId, requestedBy: actor.personId, crawlers })
          .catch(async (error: unknown) => {
            await abandonRefresh(database, refreshId, {
              code: 'TEMPORAL_UNAVAILABLE',
              message: 'It could not be begun',
            });
            throw error;
          });
      }
      const refresh = await findRefresh(context, refreshId, actor);
      return { body: refresh, headers: { Location: `/api/v1/refreshes/${refreshId}` } };
    },
  }),
  route({
    method: 'get',
    path: '/refreshes/:id',
    tag,
    summary: 'See what became of the tables that you had read again',
    access: visible,
    params: uuidParams,
    reply: { status: 200, description: 'Each table, in the order of the request.', body: tableRefreshSchema },
    handle: async (context, { actor, params }) => ({ body: await findRefresh(context, params.id, actor) }),
  }),
];

async function findRefresh({ database }: ApiContext, id: string, actor: Actor) {
  const refresh = await getRefresh(database, id, actor.personId).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'NOT_FOUND') throw notFound('refresh');
    throw error;
  });
  return { ...refresh, items: refresh.items.map(({ detail, ...item }) => ({ ...item, ...detail })) };
}
