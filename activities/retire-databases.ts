import { endClearedNarrowings } from '../catalog/operations/write-operations.js';
import { purgeRetired } from '../catalog/retire/purge-retired.js';
import { query } from '../db/query.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { withLiveness } from './liveness.js';
import { retireCrawler } from './retire-crawler.js';

/** Entities deleted for good in one transaction. */
const BATCH = 2_000;

/**
 * Makes the activity that takes databases off the map which were taken out of a scope. Asked for no crawler, as each
 * minute, it does what is left of any, and deletes what is retired for good.
 */
export function createRetireDatabases({ database }: ActivityContext): ControlActivities['retireDatabases'] {
  return (request) =>
    withLiveness<{ retired: number }, number>(async ({ signal, checkpoint, previous }) => {
      let retired = previous?.retired ?? 0;
      const count = (entities: number) => {
        retired += entities;
        checkpoint({ retired });
      };
      if (request !== undefined) {
        await retireCrawler(database, request.crawlerId, signal, count);
        return retired;
      }
      const crawlers = await query<{ id: string }>(
        database,
        'SELECT DISTINCT crawler_id AS id FROM collected_database WHERE retiring_at IS NOT NULL AND retired_at IS NULL',
      );
      for (const { id } of crawlers) await retireCrawler(database, id, signal, count);
      await endClearedNarrowings(database);
      for (let purged = BATCH; purged >= BATCH; ) {
        signal.throwIfAborted();
        purged = await purgeRetired(database, BATCH);
      }
      return retired;
    });
}
