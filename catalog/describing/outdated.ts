import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { PROMPT_VERSION } from '../model/table-to-describe.js';
import { OF_WILLING_CRAWLERS } from './queue.js';

/** Suggestions that nobody decided on and that would be asked for otherwise today. */
export interface Outdated {
  tables: number;
  suggestions: number;
  /** What the answers took that they stand in: more than asking again does where some of them were decided on. */
  tokens: number;
}

/**
 * Of living tables, and made by another model, in another language or by another prompt than are set now. What a person
 * accepted, rejected or wrote is none of these; nor is what is being asked again already.
 */
const OUTDATED = `
  SELECT r.id, r.entity_id, r.answer_id
    FROM description_suggestion r ${OF_WILLING_CRAWLERS}
    JOIN description_answer w ON w.id = r.answer_id
   CROSS JOIN description_model m
   WHERE r.status IN ('open', 'refused') AND NOT r.ask_again
     AND (coalesce(w.asked_model, w.model) <> m.model OR w.language <> m.language OR w.prompt_version <> :promptVersion)
     AND (:crawlerId::uuid IS NULL OR c.id = :crawlerId::uuid)`;

const bindings = (crawlerId: string | undefined) => ({ promptVersion: PROMPT_VERSION, crawlerId: crawlerId ?? null });

/** How much would be asked for anew. @param crawlerId of its tables alone */
export async function countOutdated(database: Database, crawlerId?: string): Promise<Outdated> {
  const [row] = await query<Outdated>(
    database,
    `WITH outdated AS (${OUTDATED})
     SELECT count(DISTINCT entity_id)::int AS tables, count(*)::int AS suggestions,
            (SELECT coalesce(sum(prompt_tokens + completion_tokens), 0)::float8
               FROM description_answer
              WHERE id IN (SELECT answer_id FROM outdated)) AS tokens
       FROM outdated`,
    bindings(crawlerId),
  );
  return row ?? { tables: 0, suggestions: 0, tokens: 0 };
}

/**
 * Has them asked about again. Until the model has answered they stand as they are, and may be accepted: the budget may make
 * the new ones wait for days.
 * @returns how much that is
 */
export async function askOutdatedAgain(database: Database, crawlerId?: string): Promise<Outdated> {
  return database.transaction(async (transaction) => {
    const before = await countOutdated(transaction, crawlerId);
    await query(
      transaction,
      `WITH outdated AS (${OUTDATED}),
       marked AS (
         UPDATE description_suggestion s SET ask_again = true FROM outdated o WHERE s.id = o.id RETURNING s.entity_id
       )
       INSERT INTO description_request (entity_id, hash)
       SELECT e.id, e.hash FROM entity e WHERE e.id IN (SELECT entity_id FROM marked)
       ON CONFLICT (entity_id) DO UPDATE
         SET hash = excluded.hash, status = 'waiting', attempts = 0, failure = NULL, queued_at = now(), not_before = now(),
             run_id = NULL
       WHERE description_request.status <> 'waiting'`,
      bindings(crawlerId),
    );
    return before;
  });
}
