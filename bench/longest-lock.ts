import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

/** How often it is looked whether somebody waits for a lock. */
const LOOK = 20;

/**
 * The longest that a connection was seen waiting for a lock, in milliseconds.
 * @param name of the application that the connections belong to
 */
export async function longestLock(url: string, name: string, watching: () => boolean): Promise<number> {
  const admin = new pg.Client(url);
  await admin.connect();
  let longest = 0;
  while (watching()) {
    const { rows } = await admin.query<{ waited: number }>(
      `SELECT coalesce(max(extract(epoch FROM clock_timestamp() - l.waitstart)), 0)::float * 1000 AS waited
         FROM pg_locks l
         JOIN pg_stat_activity a USING (pid)
        WHERE NOT l.granted AND a.application_name = $1`,
      [name],
    );
    longest = Math.max(longest, rows[0]?.waited ?? 0);
    await delay(LOOK);
  }
  await admin.end();
  return longest;
}
