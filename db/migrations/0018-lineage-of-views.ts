import type { Knex } from 'knex';

/** Each run asks which views of its databases changed, among tables that may be a hundred times as many. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE INDEX entity_views ON entity (collected_database_id, id)
      WHERE kind = 'table' AND type IN ('VIEW', 'MATERIALIZED_VIEW');
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX entity_views');
}
