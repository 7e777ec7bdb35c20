import type { Knex } from 'knex';

/** The search index kept in PostgreSQL, the dictionary of its words, and what draining the outbox needs. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- A trusted extension: the owner of the database may create it. It stays when this migration goes down,
    -- since others may have come to use it.
    CREATE EXTENSION IF NOT EXISTS pg_trgm;

    -- One row per distinct set of facet values: some thousands for a million documents. Filters are decided here, and
    -- counting facets is counting the integers that documents point here with.
    CREATE TABLE search_group (
      id               integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      digest           bytea NOT NULL CONSTRAINT search_group_digest_unique UNIQUE,
      visible_to       text NOT NULL,
      kind             text NOT NULL,
      type             text NOT NULL,
      source_type      text NOT NULL,
      data_source_id   text NOT NULL,
      data_source_name text NOT NULL,
      workspace_id     text NOT NULL,
      workspace_name   text NOT NULL,
      database         text NOT NULL,
      schema           text,
      owner            text,
      has_description  boolean NOT NULL,
      documents        integer NOT NULL DEFAULT 0
    );

    -- How many documents each mark of visibility has.
    CREATE TABLE search_audience (
      visible_to text PRIMARY KEY,
      documents  integer NOT NULL
    );

    CREATE TABLE search_document (
      id         text COLLATE "C" PRIMARY KEY,
      group_id   integer NOT NULL,
      visible_to text NOT NULL,
      -- The order of equally good matches, the greater the better; search/postgresql/standing.ts composes it.
      standing   bigint NOT NULL,
      changed_at bigint NOT NULL,
      -- Marked words (search/postgresql/lexemes.ts), without positions.
      words      tsvector NOT NULL,
      document   json NOT NULL
    ) WITH (toast_tuple_target = 128);
    CREATE INDEX search_document_words ON search_document USING gin (words);
    CREATE INDEX search_document_standing ON search_document (standing, id);
    CREATE INDEX search_document_newest ON search_document (changed_at, id);
    CREATE INDEX search_document_group ON search_document (group_id);

    -- Each word of the index and in how many documents it stands: where a misspelt word finds the right one.
    CREATE TABLE search_term (
      term      text COLLATE "C" PRIMARY KEY,
      documents integer NOT NULL CHECK (documents > 0)
    ) WITH (fillfactor = 70);
    CREATE INDEX search_term_trigram ON search_term USING gin (term gin_trgm_ops);

    -- Entities drained while a rebuild reads the catalog: they are indexed once more before the new index takes over.
    CREATE TABLE search_redo (
      entity_id bigint PRIMARY KEY
    );

    CREATE INDEX search_outbox_crawler ON search_outbox (crawler_id, id);
    CREATE INDEX crawl_run_not_searchable ON crawl_run (number) WHERE searchable_at IS NULL;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX crawl_run_not_searchable, search_outbox_crawler;
    DROP TABLE search_redo, search_term, search_document, search_audience, search_group;
  `);
}
