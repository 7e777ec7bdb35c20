import type { Knex } from 'knex';

/**
 * The dictionary is a set of words: how many documents a word stands in is asked of the index, for those that a searcher
 * may see. Counting for all cost a removal more than everything else.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE search_term DROP COLUMN documents');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE search_term ADD COLUMN documents integer NOT NULL DEFAULT 1 CHECK (documents > 0)');
}
