import { randomUUID } from 'node:crypto';
import { NativeConnection } from '@temporalio/worker';
import { inject, vi } from 'vitest';
import { registerSearchAttributes } from '../../worker/search-attributes.js';

/** A namespace of this test's own on the shared server, so that its `control` queue and its schedules are its own too. */
export async function freshNamespace(): Promise<{
  namespace: string;
  connection: NativeConnection;
  registered: string[];
}> {
  const namespace = `test-${randomUUID().slice(0, 8)}`;
  const connection = await NativeConnection.connect({ address: inject('temporal') });
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  // A new namespace is known to every part of the server only after a moment.
  const registered = await vi.waitFor(() => registerSearchAttributes(connection, namespace), {
    timeout: 20_000,
    interval: 100,
  });
  return { namespace, connection, registered };
}
