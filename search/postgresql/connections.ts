import knexFactory from 'knex';
import type { PoolClient } from 'pg';
import type { Database } from '../../db/database.js';

/** Searches at once in one process. More of them wait, and nothing that is not a search waits for them. */
const MOST = 10;

/**
 * Compiling, or starting processes, takes longer than the queries of a search do. A sequential scan is never the right plan
 * for one of them, but statistics of a table just filled can make it look so.
 */
const SETTINGS = `
  SET jit = off;
  SET enable_seqscan = off;
  SET max_parallel_workers_per_gather = 0;
  SET pg_trgm.similarity_threshold = 0.3`;

/**
 * Connections that plan as searches want it, once for as long as they live.
 * None is opened before the first search.
 * @param database whose server and name they have; stays the caller's
 */
export function searchConnections(database: Database): Database {
  return knexFactory({
    ...database.client.config,
    pool: {
      min: 0,
      max: MOST,
      afterCreate: (client: PoolClient, done: (error: Error | null, client: PoolClient) => void) => {
        client.query(SETTINGS, (error) => done(error ?? null, client));
      },
    },
  });
}
