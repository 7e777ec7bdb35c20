import type { PoolClient } from 'pg';
import type { Database } from '../../db/database.js';

/**
 * Runs the statements of a transaction, and has PostgreSQL break off the one at work when `signal` aborts: else the search for
 * each letter that is typed would keep a processor from the next letter's.
 *
 * The order to break off goes over another connection. Once sent it is waited for before the transaction ends, so that it
 * never meets what this connection is used for after; a server process that is asked when idle does nothing. Where
 * all connections are taken it is not waited for: by the time that one is free there may be nothing left to break off.
 * @param database not the transaction
 * @param backend the process that serves the transaction, as `pg_backend_pid()` says
 */
export async function untilAborted<T>(
  database: Database,
  backend: number,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  let over = false;
  let sent: Promise<unknown> | undefined;
  const cancel = async () => {
    const client = (await database.client.acquireConnection()) as PoolClient;
    try {
      if (over) return;
      sent = client.query('SELECT pg_cancel_backend($1)', [backend]);
      await sent;
    } finally {
      await database.client.releaseConnection(client);
    }
  };
  // Where it cannot be sent the statement goes on to its end, and nobody waits for that.
  const aborted = () => void cancel().catch(() => undefined);
  signal.addEventListener('abort', aborted, { once: true });
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    over = true;
    signal.removeEventListener('abort', aborted);
    await sent?.catch(() => undefined);
  }
}
