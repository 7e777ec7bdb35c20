import { once } from 'node:events';
import type { PoolClient } from 'pg';
import { EVENT_CHANNEL } from '../../catalog/events/event-log.js';
import type { Database } from '../../db/database.js';
import { pause } from '../server-sent-events.js';

/** Between attempts to listen again. */
const AGAIN_MS = 1_000;

/**
 * Calls `wake` whenever any process told of something, by a connection of its own that is opened again when it breaks, until
 * `signal` aborts. What is announced while it is broken is not heard: whoever relies on it looks now and then by itself.
 */
export async function wakeOnEvents(database: Database, wake: () => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await listenOnce(database, wake, signal).catch(() => undefined);
    await pause(AGAIN_MS, signal);
  }
}

async function listenOnce(database: Database, wake: () => void, signal: AbortSignal): Promise<void> {
  const client = (await database.client.acquireConnection()) as PoolClient;
  try {
    client.on('notification', wake);
    await client.query(`LISTEN ${EVENT_CHANNEL}`);
    // What was told before it listened.
    wake();
    await Promise.race([once(client, 'end', { signal }), once(client, 'error', { signal })]).catch(() => undefined);
    // Harmless to whoever has the connection next, but for nothing.
    if (signal.aborted) await client.query(`UNLISTEN ${EVENT_CHANNEL}`);
  } finally {
    client.off('notification', wake);
    await database.client.releaseConnection(client);
  }
}
