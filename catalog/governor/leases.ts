import { randomUUID } from 'node:crypto';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { Server } from './limits.js';

/** Seconds after which a lease that is not renewed no longer counts. */
export const LEASE_SECONDS = 30;

export interface LeaseRequest extends Server {
  dataSourceId: string;
  /** Left out for a connection test or a listing. */
  runId?: string | undefined;
  worker: string;
  /** Connections that it may open at once. */
  connections: number;
  /** The server's cap; null for none. */
  maxConnections: number | null;
  /** The run's cap of databases read at once; null for none. */
  lanes: number | null;
}

/**
 * Takes connections to a server, if its cap and the run's leave any. Takers of one server under a cap take turns, so
 * two never both get the last one. Without a cap the lease is written all the same: a cap that is set later counts it.
 * @returns the lease's id, or undefined when all are taken
 */
export async function acquireLease(database: Database, request: LeaseRequest): Promise<string | undefined> {
  const { sourceType, instance, maxConnections, lanes } = request;
  const bindings = {
    id: randomUUID(),
    sourceType,
    instance,
    dataSourceId: request.dataSourceId,
    runId: request.runId ?? null,
    // A cap of one is not exceeded by what can do with fewer.
    connections: Math.min(request.connections, maxConnections ?? request.connections),
    worker: request.worker,
    seconds: LEASE_SECONDS,
    most: maxConnections,
    lanes,
  };
  return database.transaction(async (transaction) => {
    if (maxConnections !== null || lanes !== null)
      await query(transaction, 'SELECT pg_advisory_xact_lock(7303, hashtext(?))', [`${sourceType} ${instance}`]);
    const [lease] = await query<{ id: string }>(
      transaction,
      `WITH held AS (
         SELECT connections, run_id FROM source_lease
          WHERE source_type = :sourceType AND instance = :instance AND expires_at > clock_timestamp()
       ), expired AS (
         DELETE FROM source_lease
          WHERE source_type = :sourceType AND instance = :instance AND expires_at <= clock_timestamp()
       )
       INSERT INTO source_lease (id, source_type, instance, data_source_id, run_id, connections, worker, expires_at)
       SELECT :id::uuid, :sourceType, :instance, :dataSourceId::uuid, :runId::uuid, :connections::int, :worker,
              clock_timestamp() + make_interval(secs => :seconds)
        WHERE (:most::int IS NULL OR (SELECT coalesce(sum(connections), 0) FROM held) + :connections::int <= :most::int)
          AND (:lanes::int IS NULL OR (SELECT count(*) FROM held WHERE run_id = :runId::uuid) < :lanes::int)
       RETURNING id`,
      bindings,
    );
    return lease?.id;
  });
}

/** Holds a lease for another while. @returns false when it ran out and is gone */
export async function renewLease(database: Database, id: string): Promise<boolean> {
  const renewed = await query(
    database,
    `UPDATE source_lease SET expires_at = clock_timestamp() + make_interval(secs => :seconds)
      WHERE id = :id AND expires_at > clock_timestamp()
      RETURNING id`,
    { id, seconds: LEASE_SECONDS },
  );
  return renewed.length > 0;
}

export async function releaseLease(database: Database, id: string): Promise<void> {
  await query(database, 'DELETE FROM source_lease WHERE id = ?', [id]);
}

/** The place of a lease among those of its run, the oldest first, from 1. */
export async function placeInRun(database: Database, id: string): Promise<number> {
  const [row] = await query<{ place: number }>(
    database,
    `SELECT count(*)::int AS place
       FROM source_lease l
       JOIN source_lease o ON o.run_id = l.run_id AND o.expires_at > clock_timestamp()
                          AND (o.acquired_at, o.id) <= (l.acquired_at, l.id)
      WHERE l.id = ?`,
    [id],
  );
  return row?.place ?? 1;
}

/**
 * Who holds the connections of a server, in words. Crawlers of other workspaces are counted and not named: whoever asks
 * may not know of them.
 */
export async function holdersInWords(database: Database, dataSourceId: string): Promise<string> {
  const [row] = await query<{ crawlers: string[]; tests: number; elsewhere: number }>(
    database,
    `SELECT coalesce(array_agg(DISTINCT c.name) FILTER (WHERE c.workspace_id = s.workspace_id), '{}') AS crawlers,
            (coalesce(sum(l.connections) FILTER (WHERE o.workspace_id = s.workspace_id AND l.run_id IS NULL), 0))::int
              AS tests,
            (coalesce(sum(l.connections) FILTER (WHERE o.workspace_id <> s.workspace_id), 0))::int AS elsewhere
       FROM data_source s
       JOIN source_lease l ON l.source_type = s.type AND l.instance = s.instance AND l.expires_at > clock_timestamp()
       JOIN data_source o ON o.id = l.data_source_id
       LEFT JOIN crawl_run r ON r.id = l.run_id
       LEFT JOIN crawler c ON c.id = r.crawler_id
      WHERE s.id = ?`,
    [dataSourceId],
  );
  const { crawlers, tests, elsewhere } = row ?? { crawlers: [], tests: 0, elsewhere: 0 };
  const parts = [
    ...(crawlers.length === 0 ? [] : [`crawler ${crawlers.join(', crawler ')}`]),
    ...(tests === 0 ? [] : ['connection tests or listings']),
    ...(elsewhere === 0 ? [] : ['other workspaces']),
  ];
  return parts.length === 0 ? 'somebody who has just let go' : parts.join(' and ');
}

/** How many databases a run is reading now. */
export async function leasesOfRun(database: Database, runId: string): Promise<number> {
  const [row] = await query<{ leases: number }>(
    database,
    'SELECT count(*)::int AS leases FROM source_lease WHERE run_id = ? AND expires_at > clock_timestamp()',
    [runId],
  );
  return row?.leases ?? 0;
}
