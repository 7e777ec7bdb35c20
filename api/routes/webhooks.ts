import type { Actor } from '../../access/actor.js';
import { visibleWorkspaces } from '../../access/visibility.js';
import { listDeliveries, queueTrial, redeliver } from '../../catalog/webhooks/deliveries.js';
import type { Webhook } from '../../catalog/webhooks/webhook.js';
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhooks,
  renewSecret,
  updateWebhook,
} from '../../catalog/webhooks/webhooks.js';
import type { ApiContext } from '../context.js';
import { permitted } from '../permitted.js';
import { inBodysWorkspace, onWorkspaceOf, type Route, route, visible } from '../route.js';
import { pageQuery, uuidParams } from '../schemas/lists.js';
import {
  deliveryPageSchema,
  deliveryParams,
  deliverySchema,
  newWebhookSchema,
  webhookListSchema,
  webhookPatchSchema,
  webhookSchema,
  webhookSecretSchema,
  webhookWithSecretSchema,
} from '../schemas/webhooks.js';
import { wakeWebhook } from '../wake-webhook.js';

const tag = 'Webhooks';
const find = ({ database }: ApiContext, { id }: { id: string }) => getWebhook(database, id);

export const webhookRoutes: Route[] = [
  route({
    method: 'get',
    path: '/webhooks',
    tag,
    summary: 'List webhooks',
    access: visible,
    reply: { status: 200, description: 'Those of your workspaces, by name.', body: webhookListSchema },
    handle: async ({ database }, { actor }) => {
      const webhooks = await listWebhooks(database, visibleWorkspaces(actor));
      return { body: { items: webhooks.map((webhook) => present(webhook, actor)) } };
    },
  }),
  route({
    method: 'post',
    path: '/webhooks',
    tag,
    summary: 'Create a webhook',
    description:
      'It is told of each run that ends from now on: what changed, a hundred CloudEvents a message, and that it ended; and of ' +
      'tables that leave the map or come back to it outside of runs. ' +
      'Messages are signed as the Standard Webhooks specification has it, come in order, and are sent until they are taken.',
    access: inBodysWorkspace('webhook.manage'),
    audit: 'webhook.create',
    body: newWebhookSchema,
    reply: { status: 201, description: 'The webhook, with its secret.', body: webhookWithSecretSchema },
    problems: ['NAME_TAKEN', 'NOT_FOUND', 'WEBHOOK_URL_REFUSED'],
    handle: async ({ database, secretKey }, { actor, body }) => {
      const { webhook, secret } = await createWebhook(database, secretKey, { ...body, createdBy: actor.personId });
      return {
        body: { ...present(webhook, actor), secret },
        version: webhook.version,
        headers: { Location: `/api/v1/webhooks/${webhook.id}` },
      };
    },
  }),
  route({
    method: 'get',
    path: '/webhooks/:id',
    tag,
    summary: 'Read a webhook',
    access: onWorkspaceOf('webhook.read', 'webhook', find),
    params: uuidParams,
    reply: { status: 200, description: 'The webhook, without its secret.', body: webhookSchema },
    handle: async (_context, { actor, target }) => ({ body: present(target, actor), version: target.version }),
  }),
  route({
    method: 'patch',
    path: '/webhooks/:id',
    tag,
    summary: 'Change a webhook, or turn it off or on',
    access: onWorkspaceOf('webhook.manage', 'webhook', find),
    audit: 'webhook.edit',
    params: uuidParams,
    body: webhookPatchSchema,
    edits: (_context, { target, actor }) => present(target, actor),
    reply: { status: 200, description: 'The webhook as it is now.', body: webhookSchema },
    problems: ['NAME_TAKEN', 'WEBHOOK_URL_REFUSED'],
    handle: async (context, { actor, params, body, target }) => {
      const webhook = await updateWebhook(context.database, params.id, { ...body, version: target.version });
      if (webhook.enabled && webhook.waiting > 0) await wakeWebhook(context, webhook);
      return { body: present(webhook, actor), version: webhook.version };
    },
  }),
  route({
    method: 'delete',
    path: '/webhooks/:id',
    tag,
    summary: 'Delete a webhook',
    description: 'What it was still to be told is told to nobody.',
    access: onWorkspaceOf('webhook.manage', 'webhook', find),
    audit: 'webhook.delete',
    params: uuidParams,
    reply: { status: 204, description: 'It is gone.' },
    handle: async ({ database }, { params }) => {
      await deleteWebhook(database, params.id);
      return { body: undefined };
    },
  }),
  route({
    method: 'post',
    path: '/webhooks/:id/secret',
    tag,
    summary: 'Give a webhook another secret',
    description: 'It signs from the next message on; the one before signs nothing any more.',
    access: onWorkspaceOf('webhook.manage', 'webhook', find),
    audit: 'webhook.secret',
    params: uuidParams,
    reply: { status: 200, description: 'The secret, this once.', body: webhookSecretSchema },
    handle: async ({ database, secretKey }, { params }) => ({
      body: { secret: await renewSecret(database, secretKey, params.id) },
    }),
  }),
  route({
    method: 'post',
    path: '/webhooks/:id/trial',
    tag,
    summary: 'Send a message to try a webhook out',
    access: onWorkspaceOf('webhook.manage', 'webhook', find),
    audit: 'webhook.trial',
    params: uuidParams,
    reply: { status: 202, description: 'The delivery; its list says what became of it.', body: deliverySchema },
    problems: ['WEBHOOK_OFF'],
    handle: async (context, { target }) => {
      const delivery = await queueTrial(context.database, target);
      await wakeWebhook(context, target);
      return { body: delivery };
    },
  }),
  route({
    method: 'get',
    path: '/webhooks/:id/deliveries',
    tag,
    summary: 'List what a webhook was and is to be told, newest first',
    access: onWorkspaceOf('webhook.read', 'webhook', find),
    params: uuidParams,
    query: pageQuery,
    reply: { status: 200, description: 'A page of deliveries.', body: deliveryPageSchema },
    handle: async ({ database }, { params, query }) => ({ body: await listDeliveries(database, params.id, query) }),
  }),
  route({
    method: 'post',
    path: '/webhooks/:id/deliveries/:delivery/retry',
    tag,
    summary: 'Have a delivery that failed made again',
    description: 'It goes on after the last message that was taken.',
    access: onWorkspaceOf('webhook.manage', 'webhook', find),
    audit: 'webhook.redeliver',
    params: deliveryParams,
    reply: { status: 202, description: 'The delivery.', body: deliverySchema },
    handle: async (context, { params, target }) => {
      const delivery = await redeliver(context.database, params.id, params.delivery);
      if (target.enabled) await wakeWebhook(context, target);
      return { body: delivery };
    },
  }),
];

function present(webhook: Webhook, actor: Actor) {
  return {
    ...webhook,
    ...permitted(actor, webhook.workspaceId, { edit: 'webhook.manage', delete: 'webhook.manage' }),
  };
}
