import { z } from 'zod';
import { WEBHOOK_EVENTS } from '../../catalog/webhooks/webhook.js';
import { decimalId, pageOf, timestamp, uuid } from './lists.js';
import { permitted } from './permissions.js';

const name = z.string().trim().min(1).max(100);
const url = z.string().max(2_000).meta({ description: 'Where messages are POSTed; https or http.' });
const events = z.array(z.enum(WEBHOOK_EVENTS)).min(1).max(WEBHOOK_EVENTS.length);
const failure = z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() }).nullable();

export const webhookSchema = z
  .object({
    id: z.string(),
    workspaceId: z.string(),
    name: z.string(),
    url: z.string(),
    events: z.array(z.enum(WEBHOOK_EVENTS)),
    crawlerId: z
      .string()
      .nullable()
      .meta({ description: "Only of this crawler's runs; null for all of the workspace." }),
    enabled: z.boolean(),
    disabledBecause: failure.meta({ description: 'Why it was turned off, where Datamap did.' }),
    waiting: z.int().meta({ description: 'Runs that it is still to be told of.' }),
    version: z.int(),
    createdAt: timestamp,
    updatedAt: timestamp,
    ...permitted('edit', 'delete'),
  })
  .meta({ id: 'Webhook' });
export const webhookListSchema = z.object({ items: z.array(webhookSchema) }).meta({ id: 'WebhookList' });

export const newWebhookSchema = z
  .strictObject({ workspaceId: uuid, name, url, events, crawlerId: uuid.nullable().default(null) })
  .meta({ id: 'NewWebhook' });
export const webhookPatchSchema = z
  .strictObject({
    name: name.optional(),
    url: url.optional(),
    events: events.optional(),
    crawlerId: uuid.nullable().optional(),
    enabled: z.boolean().optional().meta({ description: 'Turned on again, it is told what waited meanwhile.' }),
  })
  .meta({ id: 'WebhookPatch' });

const secret = z.string().meta({ description: 'Signs what is sent. Shown this once.' });
export const webhookWithSecretSchema = webhookSchema.extend({ secret }).meta({ id: 'WebhookWithSecret' });
export const webhookSecretSchema = z.object({ secret }).meta({ id: 'WebhookSecret' });

export const deliverySchema = z
  .object({
    id: decimalId,
    runId: z.string().nullable().meta({ description: 'Null for a message that somebody sent to try it out.' }),
    runNumber: z.int().nullable(),
    cause: z
      .enum(['scope-narrowed', 'crawler-deleted', 'removal-approved', 'restored'])
      .nullable()
      .meta({ description: 'What changed the map when no run did.' }),
    status: z.enum(['waiting', 'delivered', 'failed']),
    events: z.int().meta({ description: 'Told so far.' }),
    attempts: z.int(),
    error: failure.meta({ description: 'Of the last attempt.' }),
    createdAt: timestamp,
    triedAt: timestamp.nullable(),
    endedAt: timestamp.nullable(),
  })
  .meta({ id: 'WebhookDelivery' });
export const deliveryPageSchema = pageOf(deliverySchema, 'WebhookDeliveryPage');
export const deliveryParams = z.strictObject({ id: uuid, delivery: decimalId });

export const receiverSchema = z
  .object({
    receiver: z
      .object({
        url: z.string(),
        namespace: z.string().meta({ description: 'Of the jobs that crawlers are.' }),
        enabled: z.boolean(),
        disabledBecause: failure.meta({ description: 'Why it was turned off.' }),
        waiting: z.int().meta({ description: 'Beginnings and ends of runs that it is still to be told of.' }),
        lastDeliveredAt: timestamp.nullable(),
        error: failure.meta({ description: 'Why it did not take the first of them, where that was tried.' }),
        updatedAt: timestamp,
      })
      .nullable()
      .meta({ description: 'Null where no worker is set to tell one.' }),
  })
  .meta({ id: 'OpenLineageReceiver' });
