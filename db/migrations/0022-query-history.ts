import type { Knex } from 'knex';

/** Which statements were run at a source, by whom, and which tables they read and write. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- How far each statement that a source counts has been counted here, by the source's own key.
    CREATE TABLE query_counter (
      collected_database_id bigint NOT NULL REFERENCES collected_database ON DELETE CASCADE,
      key        text NOT NULL,
      calls      double precision NOT NULL,
      total_time double precision NOT NULL,
      PRIMARY KEY (collected_database_id, key)
    );

    -- One for each statement that differs by more than constants. Its text has placeholders where constants were.
    CREATE TABLE query_statement (
      id                    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      collected_database_id bigint NOT NULL REFERENCES collected_database ON DELETE CASCADE,
      fingerprint           text NOT NULL,
      -- Schemas in which names without one were looked for, in order.
      path                  text[] NOT NULL,
      text                  text NOT NULL,
      kind                  text NOT NULL,
      -- Tables as the text names them.
      reads                 jsonb NOT NULL DEFAULT '[]',
      writes                jsonb NOT NULL DEFAULT '[]',
      state                 text NOT NULL CHECK (state IN ('pending', 'parsed', 'partial', 'unparsed')),
      reason                text,
      -- Names of tables in it that the map does not have.
      missing               text[] NOT NULL DEFAULT '{}',
      read_at               timestamptz,
      -- Of all roles together. Times are milliseconds.
      calls                 double precision NOT NULL DEFAULT 0,
      total_time            double precision NOT NULL DEFAULT 0,
      first_seen            timestamptz NOT NULL DEFAULT now(),
      last_seen             timestamptz NOT NULL DEFAULT now(),
      UNIQUE (collected_database_id, fingerprint, path)
    );
    CREATE INDEX query_statement_pending ON query_statement (collected_database_id, id) WHERE state = 'pending';
    CREATE INDEX query_statement_age ON query_statement (last_seen);

    CREATE TABLE query_use (
      statement_id bigint NOT NULL REFERENCES query_statement ON DELETE CASCADE,
      role         text NOT NULL,
      calls        double precision NOT NULL,
      total_time   double precision NOT NULL,
      last_seen    timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (statement_id, role)
    );

    -- No foreign key to entity, as in lineage_node.
    CREATE TABLE query_table (
      entity_id    bigint NOT NULL,
      statement_id bigint NOT NULL REFERENCES query_statement ON DELETE CASCADE,
      reads        boolean NOT NULL,
      writes       boolean NOT NULL,
      -- Those of its columns that the statement names, as far as they are known.
      columns      text[] NOT NULL,
      PRIMARY KEY (entity_id, statement_id)
    );
    CREATE INDEX query_table_statement ON query_table (statement_id);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE query_table, query_use, query_statement, query_counter');
}
