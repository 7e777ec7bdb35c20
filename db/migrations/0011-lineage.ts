import type { Knex } from 'knex';

/** Where data comes from and goes: nodes, the processes that move it, edges of tables and of columns, and what was not read. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- A table on the map, or something outside it that a statement or an event names. No foreign key to entity, as in
    -- source_object: what deletes an entity deletes its node first. A tombstone keeps its node and its edges.
    CREATE TABLE lineage_node (
      id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      entity_id bigint UNIQUE,
      -- As OpenLineage names data sets, e.g. postgres://db.example:5432 and shop.public.orders.
      namespace text,
      name      text,
      CHECK ((entity_id IS NULL) = (namespace IS NOT NULL AND name IS NOT NULL))
    );
    CREATE UNIQUE INDEX lineage_node_external ON lineage_node (namespace, name) WHERE entity_id IS NULL;

    -- What moves the data. The key is unique in its kind: the id of a view's entity, the digest of a query, the
    -- namespace and name of a job.
    CREATE TABLE lineage_process (
      id                    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      kind                  text NOT NULL CHECK (kind IN ('view', 'query', 'job', 'manual')),
      key                   text NOT NULL,
      name                  text,
      -- Whose visibility it shares; null for what no database on the map is concerned with.
      collected_database_id bigint,
      -- Of a view: which, and in which version it was read. Its text stands in the entity.
      entity_id             bigint,
      entity_version        integer,
      -- The statement or event that proves the edges.
      sql                   text,
      dialect               text,
      evidence              jsonb NOT NULL DEFAULT '{}',
      -- Unparsed statements are kept, counted and shown; 'partial' is without some columns.
      state                 text NOT NULL CHECK (state IN ('parsed', 'partial', 'unparsed', 'stated')),
      parser                text CHECK (parser IN ('polyglot', 'libpg-query', 'skeleton')),
      reason                text,
      -- Tables that it names and the map does not have: it is read again when they may have come.
      unresolved            integer NOT NULL DEFAULT 0,
      run_id                uuid,
      first_seen            timestamptz NOT NULL DEFAULT now(),
      last_seen             timestamptz NOT NULL DEFAULT now(),
      UNIQUE (kind, key)
    );
    CREATE UNIQUE INDEX lineage_process_view ON lineage_process (entity_id) WHERE kind = 'view';
    CREATE INDEX lineage_process_state ON lineage_process (collected_database_id, state, id);

    -- One row for each time that a process moved data from one node to another, with no end while it does.
    CREATE TABLE lineage_edge (
      id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      upstream   bigint NOT NULL REFERENCES lineage_node ON DELETE CASCADE,
      downstream bigint NOT NULL REFERENCES lineage_node ON DELETE CASCADE,
      process_id bigint NOT NULL REFERENCES lineage_process ON DELETE CASCADE,
      -- False where the upstream only decides which rows there are.
      direct     boolean NOT NULL,
      -- Of direct and of the columns: an edge that differs is another edge, so that a date finds the one of then.
      digest     bytea NOT NULL,
      valid_from timestamptz NOT NULL DEFAULT now(),
      valid_to   timestamptz,
      last_seen  timestamptz NOT NULL DEFAULT now(),
      CHECK (valid_to IS NULL OR valid_to >= valid_from)
    );
    CREATE UNIQUE INDEX lineage_edge_open ON lineage_edge (process_id, upstream, downstream) WHERE valid_to IS NULL;
    CREATE INDEX lineage_edge_process ON lineage_edge (process_id);
    -- A node's neighbours, and its pages, in both directions.
    CREATE INDEX lineage_edge_down ON lineage_edge (upstream, downstream, id);
    CREATE INDEX lineage_edge_up ON lineage_edge (downstream, upstream, id);

    -- An indirect use concerns every column of the downstream: its column is then empty.
    CREATE TABLE lineage_column_edge (
      edge_id           bigint NOT NULL REFERENCES lineage_edge ON DELETE CASCADE,
      upstream_column   text NOT NULL,
      downstream_column text NOT NULL DEFAULT '',
      -- e.g. direct, expression, aggregation; of an indirect use filter, join, group, order, window.
      transformation    text NOT NULL,
      PRIMARY KEY (edge_id, downstream_column, upstream_column, transformation)
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`DROP TABLE lineage_column_edge, lineage_edge, lineage_process, lineage_node;`);
}
