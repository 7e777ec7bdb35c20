import { setTimeout as delay } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { Database } from '../db/database.js';

/** Numbers of the advisory locks that keep index writers apart. The rest of the house uses others of the 73xx. */
export const TURNS = { drain: 7302, rebuild: 7303 } as const;

/** A lock held by a connection of its own, and the connection. */
export interface Turn {
  /** Statements sent through it fail when the lock was lost with the connection. */
  client: PoolClient;
  end(): Promise<void>;
}

/**
 * Takes a lock that lasts as long as this process and its connection do, outside any transaction: an index that stalls for
 * a minute must not keep PostgreSQL from cleaning up for a minute. Whoever is killed lets go by it.
 *
 * It asks again and again instead of waiting in PostgreSQL, because a waiting statement holds a snapshot too.
 * @param patience milliseconds; 0 asks once
 * @returns undefined when another holds it all that time, or `signal` aborts
 */
export async function takeTurn(
  database: Database,
  lock: number,
  { patience, signal }: { patience: number; signal?: AbortSignal | undefined },
): Promise<Turn | undefined> {
  const client = (await database.client.acquireConnection()) as PoolClient;
  const release = () => database.client.releaseConnection(client) as Promise<void>;
  try {
    const deadline = Date.now() + patience;
    for (let pause = 10; ; pause = Math.min(pause * 2, 250)) {
      const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [lock]);
      if (rows[0]?.taken === true) break;
      if (Date.now() + pause > deadline || signal?.aborted === true) {
        await release();
        return undefined;
      }
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
  } catch (error) {
    await release();
    throw error;
  }
  return {
    client,
    end: async () => {
      // A connection that broke has let go already.
      await client.query('SELECT pg_advisory_unlock($1)', [lock]).catch(() => undefined);
      await release();
    },
  };
}
