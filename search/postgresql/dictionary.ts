import type { Database } from '../../db/database.js';
import type { Tables } from './tables.js';

/** Of so many documents the words are known to be in use, without asking the index for each. */
const SAMPLED = 50;
/** Removed documents for each word of the dictionary that is looked at; and the fewest words that are. */
const DOCUMENTS_PER_WORD = 10;
const FEWEST = 100;

/** Adds the words that the dictionary does not have yet. */
export async function addTerms(transaction: Database, tables: Tables, terms: ReadonlySet<string>): Promise<void> {
  if (terms.size === 0) return;
  await transaction.raw(
    `INSERT INTO ${tables.term} (term)
     SELECT new.term FROM unnest(?::text[]) AS new (term)
     WHERE NOT EXISTS (SELECT FROM ${tables.term} known WHERE known.term = new.term)
     ON CONFLICT DO NOTHING`,
    [[...terms]],
  );
}

/**
 * Goes through the dictionary bit by bit, as documents go or change, and forgets words that stand in none any more. Until
 * its turn comes, such a word costs a look-up and is never offered: what is visible is asked of the documents. To be called
 * by a writer who keeps others away, or a word could come back in between.
 *
 * Most words stand in few documents, which the index tells at once. Of a word of a third of all documents it would
 * collect them all first; those are met in any few documents.
 */
export class DictionarySweep {
  private place = '';

  /** @param gone how many documents were removed or replaced */
  async go(transaction: Database, tables: Tables, gone: number): Promise<void> {
    const words = Math.max(FEWEST, Math.ceil(gone / DOCUMENTS_PER_WORD));
    const { rows } = await transaction.raw<{ rows: { last: string | null; looked: number }[] }>(
      `WITH looked AS MATERIALIZED (
         SELECT term FROM ${tables.term} WHERE term > ? ORDER BY term LIMIT ?
       ), met AS MATERIALIZED (
         SELECT DISTINCT CASE WHEN lexeme LIKE '_/%' THEN substr(lexeme, 3) ELSE lexeme END COLLATE "C" AS term
         FROM (SELECT words FROM ${tables.document} LIMIT ${SAMPLED}) AS few
         CROSS JOIN LATERAL unnest(tsvector_to_array(few.words)) AS l (lexeme)
         WHERE lexeme NOT LIKE '_/%' OR lexeme LIKE 'n/%' OR lexeme LIKE 't/%'
       ), forgotten AS (
         DELETE FROM ${tables.term} t
         USING looked
         WHERE t.term = looked.term
           AND NOT EXISTS (SELECT FROM met WHERE met.term = t.term)
           AND NOT EXISTS (
             SELECT FROM ${tables.document} d
             WHERE d.words @@ (quote_literal(t.term) || '|' || quote_literal('n/' || t.term) || '|' || quote_literal('t/' || t.term))::tsquery
           )
       )
       SELECT max(term) AS last, count(*)::integer AS looked FROM looked`,
      [this.place, words],
    );
    const { last, looked } = rows[0] ?? { last: null, looked: 0 };
    // Behind the last word it begins again. A transaction that fails leaves some words out until then.
    this.place = last === null || looked < words ? '' : last;
  }
}
