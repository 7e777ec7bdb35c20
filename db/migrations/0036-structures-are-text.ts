import type { Knex } from 'knex';

/**
 * Structures are kept as the text that was read and hashed, and taken apart by those who read a part of one: taking each
 * apart on its way in was most of what the catalog did in a first crawl (decision 37). Rows of before keep the words that
 * jsonb made of them, in another order and with spaces: nothing compares texts, only their hashes.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX entity_foreign_keys;
    ALTER TABLE entity
      ALTER structure DROP DEFAULT,
      ALTER structure TYPE text USING structure::text,
      ALTER structure SET DEFAULT '{}';
    ALTER TABLE entity_version ALTER structure TYPE text USING structure::text;
    ALTER TABLE staged_object ALTER structure TYPE text USING structure::text;

    -- Only what may have a foreign key is taken apart. A quotation mark within a value is escaped, so this is a property.
    CREATE INDEX entity_foreign_keys ON entity USING gin ((structure::jsonb -> 'foreignKeys') jsonb_path_ops)
      WHERE removed_at IS NULL AND strpos(structure, '"references":') > 0;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX entity_foreign_keys;
    ALTER TABLE entity
      ALTER structure DROP DEFAULT,
      ALTER structure TYPE jsonb USING structure::jsonb,
      ALTER structure SET DEFAULT '{}';
    ALTER TABLE entity_version ALTER structure TYPE jsonb USING structure::jsonb;
    ALTER TABLE staged_object ALTER structure TYPE jsonb USING structure::jsonb;
    CREATE INDEX entity_foreign_keys ON entity USING gin ((structure -> 'foreignKeys') jsonb_path_ops)
      WHERE removed_at IS NULL AND structure -> 'foreignKeys' <> '[]';
  `);
}
