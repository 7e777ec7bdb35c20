import type { Logger } from 'pino';
import { GroupUnknown } from '../catalog/groups/errors.js';
import { listGroups } from '../catalog/groups/groups.js';
import { beat, leave } from '../catalog/groups/workers.js';
import type { Database } from '../db/database.js';
import type { GroupWorkers } from './group-workers.js';
import { repeat } from './repeat.js';

const POLL = 10_000;
const BEAT = 5_000;

/**
 * Serves the resource groups that the database lists: looks every ten seconds for new, changed and deleted ones, and says
 * every five that this process is alive, which is how a group without a worker is told.
 * @param options.only the ids of groups to serve; all when undefined
 */
export function serveGroups(options: {
  database: Database;
  workers: GroupWorkers;
  worker: { id: string; host: string; addresses: string[] };
  only: ReadonlySet<string> | undefined;
  log: Logger;
  /** Milliseconds; for tests. */
  intervals?: { poll: number; beat: number };
}): { stop(): Promise<void> } {
  const { database, workers, worker, only, log, intervals = { poll: POLL, beat: BEAT } } = options;
  const announced = new Set<string>();
  const announce = async () => {
    const serving = workers.serving();
    for (const { id, slots } of serving) {
      await beat(database, worker, id, slots).catch((error: unknown) => {
        // Deleted since the last look; the next look drains its worker.
        if (!(error instanceof GroupUnknown)) throw error;
      });
      announced.add(id);
    }
    for (const id of announced) {
      if (serving.some((group) => group.id === id)) continue;
      await leave(database, worker.id, id);
      announced.delete(id);
    }
  };
  const converge = async () => {
    const groups = await listGroups(database);
    await workers.converge(groups.filter(({ id }) => only === undefined || only.has(id)));
    await announce();
  };
  const polling = repeat(converge, intervals.poll, log, 'Resource groups could not be read');
  const beating = repeat(announce, intervals.beat, log, 'The worker could not say that it is alive');
  return {
    stop: async () => {
      await Promise.all([polling.stop(), beating.stop()]);
      // First of all, so that nobody counts on this process for new work while it drains.
      await leave(database, worker.id).catch((err: unknown) =>
        log.warn({ err }, 'The worker could not take its leave'),
      );
      await workers.stop();
    },
  };
}
