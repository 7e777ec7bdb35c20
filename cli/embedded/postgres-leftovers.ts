import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { commandOf, isAlive, markOf } from '../process-identity.js';
import { PostgresStartError } from './postgres-start-error.js';

/**
 * Clears the way for a start on a data directory whose last owner was killed. A server that still runs on it is shut
 * down, fast and cleanly. A postmaster.pid that names a process which is no such server is removed: PostgreSQL itself
 * would refuse to start while any process has that id, and in a container ids come round quickly.
 */
export async function clearPostgresLeftovers(dataDirectory: string): Promise<void> {
  const file = join(dataDirectory, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const mark = markOf(pid);
  const ours = pid > 1 && isAlive(mark) && commandOf(pid).includes(dataDirectory);
  if (!ours) {
    rmSync(file, { force: true });
    return;
  }
  for (const [signal, patience] of [['SIGINT', 20_000] as const, ['SIGQUIT', 10_000] as const]) {
    process.kill(pid, signal);
    for (const deadline = Date.now() + patience; Date.now() < deadline; await delay(50)) if (!isAlive(mark)) return;
  }
  throw new PostgresStartError(
    `A PostgreSQL of an earlier start (process ${pid}) still runs on ${dataDirectory} and does not end. Stop it: kill ${pid}`,
  );
}
