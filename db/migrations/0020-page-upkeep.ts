import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Views that are to be forgotten are found by it. They are written by the day, so a range of blocks says where they are.
    CREATE INDEX entity_view_day ON entity_view USING brin (day) WITH (pages_per_range = 16);

    -- Tables without foreign keys have no entry, so that inserts of a cold crawl pay for those alone that have some.
    DROP INDEX entity_foreign_keys;
    CREATE INDEX entity_foreign_keys ON entity USING gin ((structure -> 'foreignKeys') jsonb_path_ops)
      WHERE removed_at IS NULL AND structure -> 'foreignKeys' <> '[]';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX entity_view_day;
    DROP INDEX entity_foreign_keys;
    CREATE INDEX entity_foreign_keys ON entity USING gin ((structure -> 'foreignKeys') jsonb_path_ops)
      WHERE removed_at IS NULL AND structure -> 'foreignKeys' IS NOT NULL;
  `);
}
