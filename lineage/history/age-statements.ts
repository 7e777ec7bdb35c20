import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { KEY_OF_STATEMENT } from '../store/query-processes.js';
import { tellSearch } from '../store/record-edges.js';

/** Statements forgotten in one transaction. */
const BATCH = 1_000;

/** Edges of statements were last seen when the statements were, whenever they were read. */
export async function renewSeenEdges(database: Database, runId: string): Promise<void> {
  await query(
    database,
    `WITH seen AS (
       SELECT p.id, s.last_seen, s.calls
       FROM crawl_unit u
       JOIN query_statement s ON s.collected_database_id = u.collected_database_id
       JOIN lineage_process p ON p.kind = 'query' AND p.key = ${KEY_OF_STATEMENT}
       WHERE u.run_id = ?
     ), renewed AS (
       UPDATE lineage_process p
       SET first_seen = least(p.first_seen, seen.last_seen), last_seen = seen.last_seen,
           evidence = p.evidence || jsonb_build_object('calls', seen.calls)
       FROM seen
       WHERE p.id = seen.id AND (p.last_seen <> seen.last_seen OR p.evidence -> 'calls' IS NULL)
     )
     UPDATE lineage_edge l
     SET last_seen = seen.last_seen
     FROM seen
     WHERE l.process_id = seen.id AND l.valid_to IS NULL AND l.last_seen <> seen.last_seen`,
    [runId],
  );
}

/**
 * Ends the edges of statements that did not run for so long, and forgets them: a source forgets what is rare sooner than
 * it is over, so that not being listed says nothing. Returns how many were forgotten.
 */
export async function forgetOldStatements(database: Database, days: number): Promise<number> {
  for (let forgotten = 0; ; ) {
    const batch = await database.transaction(async (transaction) => {
      const old = await query<{ id: string }>(
        transaction,
        `SELECT id FROM query_statement
         WHERE last_seen < now() - make_interval(days => :days)
         ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED`,
        { days, limit: BATCH },
      );
      const ids = old.map(({ id }) => id);
      const ended = await query<{ upstream: string; downstream: string }>(
        transaction,
        `UPDATE lineage_edge l
         SET valid_to = now()
         FROM query_statement s
         JOIN lineage_process p ON p.kind = 'query' AND p.key = ${KEY_OF_STATEMENT}
         WHERE s.id = ANY(?::bigint[]) AND l.process_id = p.id AND l.valid_to IS NULL
         RETURNING l.upstream, l.downstream`,
        [ids],
      );
      await tellSearch(transaction, ended);
      await query(transaction, 'DELETE FROM query_statement WHERE id = ANY(?::bigint[])', [ids]);
      return ids.length;
    });
    forgotten += batch;
    if (batch < BATCH) return forgotten;
  }
}
