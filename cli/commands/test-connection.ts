import { setTimeout as delay } from 'node:timers/promises';
import { CliError } from '../errors.js';
import type { Client } from '../server/client.js';
import type { ConnectionTest } from './wire.js';

/** Milliseconds between two looks at an open test. */
const INTERVAL = 200;
/** Milliseconds until a worker has to have taken the test up. */
const PICK_UP = 20_000;
/** More databases of a scope are not looked into by one test. */
const MOST_DATABASES = 20;

/**
 * Has a worker of the resource group connect to a data source as a crawl would: a run tries again for an hour when a
 * server refuses connections, and whoever sits at a terminal wants to know at once.
 * @throws CliError with the code, cause and remedy of the step that failed
 */
export async function testConnection(
  client: Client,
  dataSourceId: string,
  resourceGroupId: string,
  databases: readonly string[],
): Promise<void> {
  const { id } = await client.post<{ id: string }>(`/data-sources/${dataSourceId}/tests`, {
    resourceGroupId,
    databases: databases.slice(0, MOST_DATABASES),
  });
  const started = Date.now();
  for (;;) {
    const test = await client.get<ConnectionTest>(`/connection-tests/${id}`);
    if (test.status === 'passed') return;
    if (test.status === 'failed' || test.status === 'cancelled') throw failureOf(test);
    if (test.status === 'queued' && Date.now() - started > PICK_UP) throw nobodyTookIt(resourceGroupId);
    await delay(INTERVAL);
  }
}

function failureOf({ steps, status }: ConnectionTest): CliError {
  const failed = steps.find((step) => step.state === 'failed');
  return new CliError(
    failed?.code ?? 'CONNECTION_TEST_FAILED',
    failed === undefined
      ? `The connection test was ${status}.`
      : `${failed.message ?? 'The source cannot be collected'} (step ${failed.id} of the connection test).`,
    failed?.remedy,
  );
}

function nobodyTookIt(resourceGroupId: string): CliError {
  return new CliError(
    'RESOURCE_GROUP_WITHOUT_WORKER',
    `No worker of the resource group ${resourceGroupId} took the connection test up within ${PICK_UP / 1000} s.`,
    'Start a worker for it, choose another with --group, or pass --anyway to queue the run until one comes up.',
  );
}
