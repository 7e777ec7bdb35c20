import type { Knex } from 'knex';

/** More of what a search in PostgreSQL is narrowed by and counted over. Filled by the rebuild that the version of documents calls for. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE search_group
      ADD COLUMN tags        text[] NOT NULL DEFAULT '{}',
      ADD COLUMN has_lineage boolean NOT NULL DEFAULT false;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE search_group DROP COLUMN tags, DROP COLUMN has_lineage');
}
