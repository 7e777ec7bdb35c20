import { z } from 'zod';
import { ALL_TOPICS } from '../../catalog/events/event.js';
import { several, uuid } from './lists.js';

export const eventsQuery = z.strictObject({
  topic: several(z.enum(ALL_TOPICS)).meta({
    description: 'Only of these; may be given several times. Without any, of all.',
  }),
  workspaceId: uuid.optional().meta({
    description: 'Only of work of this workspace; changes of the map and what is yours alone are told as ever.',
  }),
  crawlerId: uuid.optional().meta({ description: 'Only of work of this crawler and of what it collects.' }),
  runId: uuid.optional().meta({ description: 'Only of this run: its states, its progress, and what it changes.' }),
  lastEventId: z
    .string()
    .max(200)
    .optional()
    .meta({ description: 'As the header Last-Event-ID, which goes before it, where no header can be sent.' }),
});
