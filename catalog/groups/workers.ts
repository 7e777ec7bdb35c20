import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { isForeignKeyViolation } from '../../db/violations.js';
import { GroupUnknown } from './errors.js';

/** A worker process heard of in the last 20 seconds. Times are the database's, so that hosts' clocks do not matter. */
export interface LiveWorker {
  id: string;
  host: string;
  /** The addresses that sources see it come from. */
  addresses: string[];
  slots: number;
  startedAt: Date;
  seenAt: Date;
}

/**
 * Says that a worker serves a group; to be repeated every 5 seconds.
 * @throws GroupUnknown when the group was deleted
 */
export async function beat(
  database: Database,
  worker: { id: string; host: string; addresses: readonly string[] },
  groupId: string,
  slots: number,
): Promise<void> {
  try {
    await query(
      database,
      `INSERT INTO worker_process (id, resource_group_id, host, addresses, slots)
       VALUES (:id, :groupId, :host, :addresses, :slots)
       ON CONFLICT (id, resource_group_id) DO UPDATE
          SET host = excluded.host, addresses = excluded.addresses, slots = excluded.slots, seen_at = now()`,
      { id: worker.id, groupId, host: worker.host, addresses: [...worker.addresses], slots },
    );
  } catch (error) {
    if (isForeignKeyViolation(error)) throw new GroupUnknown(groupId);
    throw error;
  }
}

/** Takes a worker off all groups, or one, as it shuts down; and rows of workers that died more than a day ago. */
export async function leave(database: Database, workerId: string, groupId?: string): Promise<void> {
  await query(
    database,
    `DELETE FROM worker_process
      WHERE (id = :workerId AND (:groupId::text IS NULL OR resource_group_id = :groupId))
         OR seen_at < now() - interval '1 day'`,
    { workerId, groupId: groupId ?? null },
  );
}

/** The group's living workers, oldest first. */
export async function liveWorkers(database: Database, groupId: string): Promise<LiveWorker[]> {
  return query<LiveWorker>(
    database,
    `SELECT id, host, addresses, slots, started_at AS "startedAt", seen_at AS "seenAt"
       FROM worker_process
      WHERE resource_group_id = ? AND seen_at > now() - interval '20 seconds'
      ORDER BY started_at, id`,
    [groupId],
  );
}
