import { retireBatch } from '../catalog/retire/delete-catalog-batch.js';
import { query } from '../db/query.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { withLiveness } from './liveness.js';

/** Entities taken off the map in one transaction. */
const BATCH = 2_000;

/**
 * Makes the activity that takes databases off the map which were taken out of a scope. While a run of their crawler is
 * open they wait for the next round, since it may have begun with the scope as it was.
 */
export function createRetireDatabases({ database }: ActivityContext): ControlActivities['retireDatabases'] {
  return () =>
    withLiveness<{ retired: number }, number>(async ({ signal, checkpoint }) => {
      const crawlers = await query<{ id: string }>(
        database,
        `SELECT DISTINCT d.crawler_id AS id
           FROM collected_database d
          WHERE d.retiring_at IS NOT NULL
            AND NOT EXISTS (
                  SELECT 1 FROM crawl_run r
                   WHERE r.crawler_id = d.crawler_id AND r.status IN ('queued', 'running', 'stopping'))`,
      );
      let retired = 0;
      for (const { id } of crawlers) {
        for (let batch = BATCH; batch > 0; ) {
          signal.throwIfAborted();
          batch = await retireBatch(database, id, BATCH);
          retired += batch;
          checkpoint({ retired });
        }
      }
      return retired;
    });
}
