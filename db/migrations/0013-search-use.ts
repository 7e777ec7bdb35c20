import type { Knex } from 'knex';

/** What people do with search: searches they keep, how often what it finds is opened; and which version an index is of. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE saved_search (
      id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      person_id    uuid NOT NULL REFERENCES person ON DELETE CASCADE,
      -- Set where it is shared: every member of the workspace sees it.
      workspace_id uuid REFERENCES workspace ON DELETE SET NULL,
      name         text NOT NULL,
      -- Text and filters, never results: whoever runs it sees what they may see.
      query        jsonb NOT NULL,
      version      integer NOT NULL DEFAULT 1,
      created_at   timestamptz NOT NULL DEFAULT now(),
      updated_at   timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT saved_search_name_unique UNIQUE (person_id, name)
    );
    CREATE INDEX saved_search_shared ON saved_search (workspace_id) WHERE workspace_id IS NOT NULL;

    -- Of which version the index of an engine is. An index that is in none of these rows is of an earlier one.
    CREATE TABLE search_index_state (
      engine   text PRIMARY KEY,
      version  integer NOT NULL,
      built_at timestamptz NOT NULL DEFAULT now()
    );

    -- One row for each entity that was ever opened. Apart from entity, so that reading a page rewrites no wide row.
    CREATE TABLE entity_opens (
      entity_id bigint PRIMARY KEY REFERENCES entity ON DELETE CASCADE,
      opens     bigint NOT NULL
    ) WITH (fillfactor = 70);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE entity_opens, search_index_state, saved_search');
}
