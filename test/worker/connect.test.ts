import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import pino from 'pino';
import { expect, it, vi } from 'vitest';
import { freePort } from '../../cli/embedded/free-port.js';
import { startTemporal } from '../../cli/embedded/temporal.js';
import { resolveTemporalBinary } from '../../cli/embedded/temporal-binary.js';
import { connectToTemporal } from '../../worker/connect.js';
import { registerSearchAttributes } from '../../worker/search-attributes.js';
import { freshNamespace } from './fresh-namespace.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });

it('a worker that starts before its Temporal server waits for it, with one line for each attempt', async () => {
  const log = pino({ level: 'silent' });
  const warn = vi.spyOn(log, 'warn');
  const port = await freePort();
  const address = { connection: { address: `127.0.0.1:${port}` }, namespace: 'default' };
  const connecting = connectToTemporal(address, log, new AbortController().signal);
  await vi.waitFor(() => expect(warn.mock.calls.length).toBeGreaterThanOrEqual(2), { timeout: 10_000 });
  expect(warn.mock.calls[0]?.[0]).toMatchObject({ address: address.connection.address, attempt: 1 });
  expect(warn.mock.calls[1]?.[0]).toMatchObject({ attempt: 2 });
  const server = await startTemporal({
    binary: await resolveTemporalBinary(resolve('.datamap')),
    port,
    logFile: join(tmpdir(), `temporal-${port}.log`),
  });
  const connection = await connecting;
  await connection.close();
  await server.stop();
});

it('a worker that is told to end while it waits for Temporal ends', async () => {
  const stopping = new AbortController();
  const address = { connection: { address: `127.0.0.1:${await freePort()}` }, namespace: 'default' };
  const connecting = connectToTemporal(address, pino({ level: 'silent' }), stopping.signal);
  stopping.abort();
  await expect(connecting).rejects.toThrow();
});

it('search attributes are registered once, however many workers start', async () => {
  const { namespace, connection, registered } = await freshNamespace();
  expect(registered).toEqual(['CrawlerId', 'ResourceGroup', 'Trigger']);
  await expect.poll(() => registerSearchAttributes(connection, namespace)).toEqual([]);
  await connection.close();
});
