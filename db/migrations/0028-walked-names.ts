import type { Knex } from 'knex';

/** What suggestions are found by. Documents get their names with the rebuild that the version of the index calls for. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- The name, whole and in words, in the index by which documents are walked from the best standing on: who types is
    -- answered from there, and no row is fetched that is not shown.
    ALTER TABLE search_document ADD COLUMN names text NOT NULL DEFAULT '';
    ${DROP_STANDING}
    CREATE INDEX search_document_standing ON search_document (standing, id) INCLUDE (visible_to, group_id, names);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ${DROP_STANDING}
    ALTER TABLE search_document DROP COLUMN names;
    CREATE INDEX search_document_standing ON search_document (standing, id);
  `);
}

/** By what it is of: after a rebuild it has the name that PostgreSQL gave it. */
const DROP_STANDING = `
    DO $$
    DECLARE standing_index regclass;
    BEGIN
      FOR standing_index IN
        SELECT i.indexrelid::regclass
        FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum = 1
        WHERE i.indrelid = 'search_document'::regclass AND a.attname = 'standing'
      LOOP
        EXECUTE 'DROP INDEX ' || standing_index;
      END LOOP;
    END
    $$;`;
