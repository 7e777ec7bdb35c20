import { randomUUID } from 'node:crypto';
import { createTest, finishTest, getTest } from '../../catalog/jobs/connection-tests.js';
import { getSource } from '../../catalog/sources/read-sources.js';
import type { Database } from '../../db/database.js';
import type { ApiContext } from '../context.js';
import { Problem } from '../problems.js';
import { onWorkspaceOf, type Route, route } from '../route.js';
import { connectionTestSchema, connectionTestStartedSchema, newConnectionTestSchema } from '../schemas/data-sources.js';
import { uuidParams } from '../schemas/lists.js';
import { type EventStream, pause, streamEvents } from '../server-sent-events.js';

const findSource = ({ database }: ApiContext, { id }: { id: string }) => getSource(database, id);
const findTest = ({ database }: ApiContext, { id }: { id: string }) => getTest(database, id);
const tag = 'Data sources';
const POLL_MS = 200;

export const connectionTestRoutes: Route[] = [
  route({
    method: 'post',
    path: '/data-sources/:id/tests',
    tag,
    summary: 'Test the connection to a data source',
    description: "Runs on a worker of the resource group, step by step. Follow it by the test's events.",
    access: onWorkspaceOf('source.test', 'data source', findSource),
    audit: 'source.test',
    params: uuidParams,
    body: newConnectionTestSchema,
    reply: { status: 202, description: 'The test is on its way.', body: connectionTestStartedSchema },
    problems: ['GROUP_UNKNOWN', 'TEMPORAL_UNAVAILABLE'],
    handle: async ({ database, orchestrator }, { actor, target, body: { resourceGroupId, databases } }) => {
      const testId = randomUUID();
      await createTest(database, {
        testId,
        dataSourceId: target.id,
        resourceGroupId,
        requestedBy: actor.personId,
      });
      await orchestrator
        .startConnectionTest({
          testId,
          dataSourceId: target.id,
          dataSourceName: target.name,
          resourceGroup: resourceGroupId,
          databases,
        })
        .catch(async (error: unknown) => {
          await finishTest(database, testId, 'cancelled');
          throw error;
        });
      return { body: { id: testId }, headers: { Location: `/api/v1/connection-tests/${testId}` } };
    },
  }),
  route({
    method: 'get',
    path: '/connection-tests/:id',
    tag,
    summary: 'Read a connection test',
    access: onWorkspaceOf('source.read', 'connection test', findTest),
    params: uuidParams,
    reply: { status: 200, description: 'The test and its steps so far.', body: connectionTestSchema },
    handle: async (_context, { target }) => ({ body: target }),
  }),
  route({
    method: 'get',
    path: '/connection-tests/:id/events',
    tag,
    summary: 'Follow a connection test',
    description:
      'Server-sent events: `step` whenever a step starts or ends, `end` with the status, after which the stream closes. ' +
      'Who connects again gets all steps again.',
    access: onWorkspaceOf('source.read', 'connection test', findTest),
    params: uuidParams,
    reply: { status: 200, description: 'A stream of events.', stream: 'text/event-stream' },
    handle: async ({ database }, { request, response, params }) => {
      await streamEvents(request, response, (stream) => followTest(database, params.id, stream));
      return undefined;
    },
  }),
  route({
    method: 'post',
    path: '/connection-tests/:id/cancel',
    tag,
    summary: 'Cancel a connection test',
    access: onWorkspaceOf('source.test', 'connection test', findTest),
    audit: 'source.test-cancel',
    params: uuidParams,
    reply: { status: 202, description: 'The test was asked to end.', body: connectionTestSchema },
    problems: ['TEST_ENDED', 'TEMPORAL_UNAVAILABLE'],
    handle: async ({ database, orchestrator }, { params, target }) => {
      const asked = await orchestrator.cancelConnectionTest(params.id);
      if (!asked && target.endedAt !== null)
        throw new Problem('TEST_ENDED', `This test has ended already: it ${target.status}.`, {
          remedy: 'Nothing needs to be cancelled.',
        });
      // Its workflow is gone without an ending: nobody else will write one.
      if (!asked) await finishTest(database, params.id, 'cancelled');
      return { body: await getTest(database, params.id) };
    },
  }),
];

/** Sends each step when it is new or has changed, until the test has ended. */
async function followTest(database: Database, id: string, stream: EventStream): Promise<void> {
  const sent = new Map<string, string>();
  while (!stream.signal.aborted) {
    const test = await getTest(database, id);
    for (const step of test.steps) {
      const text = JSON.stringify(step);
      if (sent.get(step.id) === text) continue;
      sent.set(step.id, text);
      stream.send('step', step);
    }
    if (test.endedAt !== null) {
      stream.send('end', { status: test.status });
      return;
    }
    await pause(POLL_MS, stream.signal);
  }
}
