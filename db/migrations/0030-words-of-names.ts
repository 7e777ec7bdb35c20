import type { Knex } from 'knex';

/** The words of names by their standing: what suggestions are found by while people type. Filled from the documents there are. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- A row for each word of a document's name, with what decides whether it is shown: read from the best standing on until a
    -- page is full, where the index of words would collect all documents of a word first.
    CREATE TABLE search_name (
      word       text COLLATE "C" NOT NULL,
      standing   bigint NOT NULL,
      id         text COLLATE "C" NOT NULL,
      visible_to text NOT NULL,
      group_id   integer NOT NULL,
      names      text NOT NULL
    );
    -- In the order in which they are read, so that neighbours are stored together.
    INSERT INTO search_name (word, standing, id, visible_to, group_id, names)
    SELECT w.word, d.standing, d.id, d.visible_to, d.group_id, d.names
    FROM search_document d
    CROSS JOIN LATERAL unnest((string_to_array(rtrim(d.names), ' '))[2:]) AS w (word)
    ORDER BY w.word COLLATE "C", d.standing;
    CREATE INDEX search_name_walk ON search_name (word, standing, id);
    ANALYZE search_name;

    -- Which databases somebody may see is asked with each letter that is typed, too.
    CREATE INDEX collected_database_workspace ON collected_database (workspace_id);
    CREATE INDEX collected_database_public ON collected_database (id) WHERE visibility = 'tenant';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE search_name; DROP INDEX collected_database_workspace, collected_database_public;');
}
