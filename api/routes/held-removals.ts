import type { Actor } from '../../access/actor.js';
import { visibleWorkspaces } from '../../access/visibility.js';
import { decideHold } from '../../catalog/removals/decide-hold.js';
import type { HeldRemoval } from '../../catalog/removals/held-removal.js';
import { getHold, listHeldObjects, listHolds, unsettledHold } from '../../catalog/removals/read-holds.js';
import type { ApiContext } from '../context.js';
import { permitted } from '../permitted.js';
import { qualifiedName } from '../qualified-name.js';
import { onWorkspaceOf, type Route, route, visible } from '../route.js';
import {
  decisionSchema,
  heldObjectPageSchema,
  heldRemovalListQuery,
  heldRemovalPageSchema,
  heldRemovalSchema,
} from '../schemas/held-removals.js';
import { pageQuery, uuidParams } from '../schemas/lists.js';

const find = ({ database }: ApiContext, { id }: { id: string }) => getHold(database, id);
const tag = 'Runs';
const problems = ['HOLD_DECIDED'];

export const heldRemovalRoutes: Route[] = [
  route({
    method: 'get',
    path: '/held-removals',
    tag,
    summary: 'List removals that are or were held, newest first',
    access: visible,
    query: heldRemovalListQuery,
    reply: { status: 200, description: 'A page of held removals.', body: heldRemovalPageSchema },
    handle: async ({ database }, { actor, query: { cursor, limit, ...filters } }) => {
      const page = await listHolds(database, { visible: visibleWorkspaces(actor), filters, cursor, limit });
      return { body: { ...page, items: page.items.map((hold) => present(hold, actor)) } };
    },
  }),
  route({
    method: 'get',
    path: '/held-removals/:id',
    tag,
    summary: 'Read held removals',
    access: onWorkspaceOf('run.read', 'held removal', find),
    params: uuidParams,
    reply: {
      status: 200,
      description: 'Why they are held, how many, and what became of them.',
      body: heldRemovalSchema,
    },
    handle: async (_context, { actor, target }) => ({ body: present(target, actor) }),
  }),
  route({
    method: 'get',
    path: '/held-removals/:id/objects',
    tag,
    summary: 'List the tables whose removal is held',
    access: onWorkspaceOf('run.read', 'held removal', find),
    params: uuidParams,
    query: pageQuery,
    reply: { status: 200, description: 'A page of tables.', body: heldObjectPageSchema },
    handle: async ({ database }, { params, query }) => {
      const page = await listHeldObjects(database, params.id, query);
      return { body: { ...page, items: page.items.map((item) => ({ ...item, qualifiedName: qualifiedName(item) })) } };
    },
  }),
  route({
    method: 'post',
    path: '/held-removals/:id/approve',
    tag,
    summary: 'Approve held removals',
    description:
      'Takes the tables off the map that are held still, in the background; `settledAt` tells when it is done. Waits for ' +
      'a run that is on the database. What was rejected can be approved after all. Repeatable.',
    access: onWorkspaceOf('removal.decide', 'held removal', find),
    audit: 'removal.approve',
    params: uuidParams,
    body: decisionSchema,
    reply: { status: 202, description: 'They are being removed.', body: heldRemovalSchema },
    problems,
    handle: (context, { actor, params, body }) => decide(context, actor, params.id, 'approved', body.note),
  }),
  route({
    method: 'post',
    path: '/held-removals/:id/reject',
    tag,
    summary: 'Reject held removals',
    description:
      'The tables stay on the map, and are not held again, until the source shows them once more. Repeatable.',
    access: onWorkspaceOf('removal.decide', 'held removal', find),
    audit: 'removal.reject',
    params: uuidParams,
    body: decisionSchema,
    reply: { status: 202, description: 'They stay.', body: heldRemovalSchema },
    problems,
    handle: (context, { actor, params, body }) => decide(context, actor, params.id, 'rejected', body.note),
  }),
];

async function decide(
  context: ApiContext,
  actor: Actor,
  id: string,
  status: 'approved' | 'rejected',
  note: string | undefined,
) {
  const decided = await decideHold(context.database, id, { status, personId: actor.personId, note });
  await settle(context, id);
  return { body: present(decided, actor) };
}

/** The decision stands whether the engine hears of it now or from the next minute's upkeep. */
async function settle(context: ApiContext, holdId: string): Promise<void> {
  const hold = await unsettledHold(context.database, holdId);
  if (hold === undefined) return;
  try {
    await context.orchestrator.settleHeldRemovals(hold);
  } catch (error) {
    context.log.warn({ err: error, holdId }, 'A decision on held removals waits for the upkeep');
  }
}

const present = (hold: HeldRemoval, actor: Actor) => ({
  ...hold,
  ...permitted(actor, hold.workspaceId, { decide: 'removal.decide' }),
});
