import type { z } from 'zod';
import { type MapEvent, TOPICS } from '../../catalog/events/event.js';
import { credentialOf } from '../authentication.js';
import { type Route, route, visible } from '../route.js';
import { eventsQuery } from '../schemas/events.js';
import { beginStream } from '../server-sent-events.js';

export const eventRoutes: Route[] = [
  route({
    method: 'get',
    path: '/events',
    tag: 'Events',
    summary: 'Follow what happens',
    description: [
      'Server-sent events, one stream for all that a browser shows. They are hints: ids, states and counts, after which one reads',
      'the thing itself. The first is `hello`. Then `run.updated`, `run.progress`, `crawler.updated`, `crawler.deleted`,',
      '`database.added`, `database.updated`, `database.removed`, `tables.changed`, `connection-test.updated`, `preview.updated`,',
      '`refresh.updated`, `held-removal.updated`, `operation.updated`; each of what you may read when it is sent.',
      'Whoever comes back with `Last-Event-ID` is told what it missed in the last 24 hours; where that cannot be told, `reset` says to',
      'read all anew. An event may come twice. `end` says why the stream is closed: `signed-out` or `shutdown`.',
    ].join(' '),
    access: visible,
    query: eventsQuery,
    reply: { status: 200, description: 'A stream of events, until you leave.', stream: 'text/event-stream' },
    problems: ['TOO_MANY_STREAMS'],
    handle: async (context, { actor, query, request, response }) => {
      if (request.method === 'HEAD') {
        beginStream(response);
        response.end();
        return undefined;
      }
      await context.events.follow(response, {
        actor,
        credential: credentialOf(context, request),
        after: request.get('last-event-id') ?? query.lastEventId,
        wants: filterOf(query),
      });
      return undefined;
    },
  }),
];

function filterOf({
  topic,
  workspaceId,
  crawlerId,
  runId,
}: z.output<typeof eventsQuery>): (event: MapEvent) => boolean {
  const types = topic === undefined ? undefined : new Set<string>(topic.flatMap((name) => TOPICS[name]));
  return (event) =>
    (types === undefined || types.has(event.type)) &&
    (workspaceId === undefined || event.workspaceId === null || event.workspaceId === workspaceId) &&
    (crawlerId === undefined || event.crawlerId === crawlerId) &&
    (runId === undefined || event.data['runId'] === runId);
}
