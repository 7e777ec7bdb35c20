import type { Knex } from 'knex';

/** Columns have owners of their own. Those of the entity itself have an empty column name, as its other words have. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE annotation_owner
      ADD COLUMN column_name text NOT NULL DEFAULT '',
      DROP CONSTRAINT annotation_owner_pkey,
      ADD PRIMARY KEY (entity_id, column_name, place);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DELETE FROM annotation_owner WHERE column_name <> '';
    ALTER TABLE annotation_owner
      DROP COLUMN column_name,
      ADD PRIMARY KEY (entity_id, place);
  `);
}
