import type { z } from 'zod';
import { acceptEvents } from '../../lineage/events/accept-events.js';
import { type OpenLineageEvent, openLineageEvent } from '../../lineage/events/event-shape.js';
import { readHiveLine } from '../../lineage/events/hive-lines.js';
import { nudgeLineage } from '../nudge.js';
import { forWorkspace, type Route, route, type SpokenFor } from '../route.js';
import { batchResult, eventBatch, hiveLines, hiveQuery, senderQuery } from '../schemas/lineage-events.js';

const tag = 'Lineage';

const WHOSE =
  'The events speak for a workspace: names in them stand for its tables and for those that are public within the tenant, ' +
  'and what they name beside is shown to its members. Those of an admin of the tenant that names no workspace speak for all.';

export const lineageEventRoutes: Route[] = [
  route({
    method: 'post',
    path: '/lineage',
    tag,
    summary: 'Take an OpenLineage event',
    description: `Where clients of OpenLineage send by default. The event is kept and folded into the map within seconds; the same event again changes nothing, and the order does not matter. ${WHOSE}`,
    access: forWorkspace('lineage.write'),
    query: senderQuery,
    body: openLineageEvent,
    reply: { status: 201, description: 'Kept.' },
    problems: ['WORKSPACE_NOT_NAMED'],
    handle: async (context, { actor, target, body }) => {
      const { workspaceId } = target as unknown as SpokenFor;
      await acceptEvents(context.database, { workspaceId, personId: actor.personId }, [body]);
      nudgeLineage(context);
      return { body: undefined };
    },
  }),
  route({
    method: 'post',
    path: '/lineage/batch',
    tag,
    summary: 'Take many OpenLineage events',
    description: `At most 1,000 events and 8 MB. Each is taken or refused by itself; the answer names those that were refused and why. ${WHOSE}`,
    access: forWorkspace('lineage.write'),
    query: senderQuery,
    body: eventBatch,
    takes: { type: 'application/json', megabytes: 8 },
    reply: { status: 200, description: 'What became of the events.', body: batchResult },
    problems: ['WORKSPACE_NOT_NAMED'],
    handle: async (context, { actor, target, body }) => {
      const { workspaceId } = target as unknown as SpokenFor;
      const read = body.map(readEvent);
      const events = read.flatMap((one) => ('event' in one ? [one.event] : []));
      if (events.length > 0) {
        await acceptEvents(context.database, { workspaceId, personId: actor.personId }, events);
        nudgeLineage(context);
      }
      return { body: resultOf(read.map((one) => ('reason' in one ? one.reason : undefined))) };
    },
  }),
  route({
    method: 'post',
    path: '/lineage/hive',
    tag,
    summary: "Take lines of Hive's LineageLogger",
    description: `JSON lines as \`org.apache.hadoop.hive.ql.hooks.LineageLogger\` logs them, with or without what the logger writes before; at most 8 MB. The answer names those that were refused and why; lines of statements that write nothing are taken and say nothing. ${WHOSE}`,
    access: forWorkspace('lineage.write'),
    query: hiveQuery,
    body: hiveLines,
    takes: { type: 'text/plain', megabytes: 8 },
    reply: {
      status: 200,
      description: 'What became of the lines; `index` counts those that are not empty.',
      body: batchResult,
    },
    problems: ['WORKSPACE_NOT_NAMED'],
    handle: async (context, { actor, target, query, body }) => {
      const { workspaceId } = target as unknown as SpokenFor;
      const lines = body.split(/\r?\n/).filter((line) => line.trim() !== '');
      const read = lines.map((line) => readHiveLine(line, query.namespace));
      const events = read.flatMap((one) => ('event' in one ? [one.event] : []));
      if (events.length > 0) {
        await acceptEvents(context.database, { workspaceId, personId: actor.personId }, events);
        nudgeLineage(context);
      }
      return { body: resultOf(read.map((one) => ('reason' in one ? one.reason : undefined))) };
    },
  }),
];

type Read = { event: OpenLineageEvent } | { reason: string };

function readEvent(value: unknown): Read {
  const parsed = openLineageEvent.safeParse(value);
  if (parsed.success) return { event: parsed.data };
  const [issue] = parsed.error.issues;
  return { reason: `${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is not an event'}`.trim() };
}

/** @param reasons of each thing that was sent, why it was refused */
function resultOf(reasons: readonly (string | undefined)[]): z.input<typeof batchResult> {
  const failed = reasons.flatMap((reason, index) =>
    reason === undefined ? [] : [{ index, reason, retriable: false }],
  );
  const received = reasons.length;
  return {
    status: failed.length === 0 ? 'success' : failed.length === received ? 'failure' : 'partial_success',
    summary: {
      received,
      successful: received - failed.length,
      failed: failed.length,
      retriable: 0,
      non_retriable: failed.length,
    },
    failed_events: failed,
  };
}
