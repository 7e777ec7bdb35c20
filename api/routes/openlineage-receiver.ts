import { receiverState, resumeReceiver } from '../../catalog/webhooks/openlineage-receiver.js';
import type { ApiContext } from '../context.js';
import { onTenant, type Route, route } from '../route.js';
import { emptySchema } from '../schemas/ai.js';
import { receiverSchema } from '../schemas/webhooks.js';
import { wakeWebhook } from '../wake-webhook.js';

const tag = 'Webhooks';
const path = '/openlineage-receiver';

export const openLineageReceiverRoutes: Route[] = [
  route({
    method: 'get',
    path,
    tag,
    summary: 'Read how telling runs to a receiver of OpenLineage stands',
    description: 'Who is told of every run of the installation, by `DATAMAP_OPENLINEAGE_URL` of the workers.',
    access: onTenant('webhook.manage'),
    reply: {
      status: 200,
      description: 'Whether it is told, what it is owed, and what was wrong.',
      body: receiverSchema,
    },
    handle: async (context) => ({ body: await state(context) }),
  }),
  route({
    method: 'post',
    path: `${path}/resume`,
    tag,
    summary: 'Go on telling a receiver of OpenLineage that was turned off',
    description: 'One that took nothing for a day is turned off. It goes on with the first event that was not taken.',
    access: onTenant('webhook.manage'),
    audit: 'receiver.resume',
    body: emptySchema,
    reply: { status: 200, description: 'How it stands now.', body: receiverSchema },
    handle: async (context) => {
      await resumeReceiver(context.database);
      const receiver = await receiverState(context.database);
      if (receiver !== undefined) await wakeWebhook(context, { id: receiver.id, name: 'OpenLineage' });
      return { body: await state(context) };
    },
  }),
];

const state = async ({ database }: ApiContext) => ({ receiver: (await receiverState(database)) ?? null });
