import type { Knex } from 'knex';

/** What jobs tell of the data that they move: their events, the facts in them, and which data sources their names mean. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Events as they came, in the order in which they came. What is not folded yet waits here, whatever else is down.
    CREATE TABLE lineage_event (
      id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      -- Whose names and tables it speaks of; null for the whole tenant.
      workspace_id uuid REFERENCES workspace ON DELETE CASCADE,
      -- Of the workspace, run, type, time, producer and all the rest of it: the same event again is no other event.
      digest       bytea NOT NULL UNIQUE,
      -- JSON as text: events may hold what jsonb refuses.
      event        text NOT NULL,
      sent_by      uuid,
      received_at  timestamptz NOT NULL DEFAULT now(),
      folded_at    timestamptz,
      -- Why it told nothing, where it could not be folded.
      problem      text
    );
    CREATE INDEX lineage_event_waiting ON lineage_event (id) WHERE folded_at IS NULL;
    CREATE INDEX lineage_event_folded ON lineage_event (folded_at);

    -- A namespace of events that means a data source, beside the one that follows from the source's own address.
    CREATE TABLE lineage_namespace (
      id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      workspace_id   uuid NOT NULL REFERENCES workspace ON DELETE CASCADE,
      data_source_id uuid NOT NULL REFERENCES data_source ON DELETE CASCADE,
      namespace      text NOT NULL,
      created_by     uuid REFERENCES person ON DELETE SET NULL,
      created_at     timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT lineage_namespace_unique UNIQUE (workspace_id, namespace)
    );
    CREATE INDEX lineage_namespace_source ON lineage_namespace (data_source_id);

    -- What the events of a workspace name and the map does not have is shown to its members only.
    ALTER TABLE lineage_node ADD COLUMN workspace_id uuid REFERENCES workspace ON DELETE CASCADE;
    DROP INDEX lineage_node_external;
    CREATE UNIQUE INDEX lineage_node_external ON lineage_node (namespace, name)
      WHERE entity_id IS NULL AND workspace_id IS NULL;
    CREATE UNIQUE INDEX lineage_node_external_of_workspace ON lineage_node (workspace_id, namespace, name)
      WHERE entity_id IS NULL AND workspace_id IS NOT NULL;

    ALTER TABLE lineage_process ADD COLUMN workspace_id uuid REFERENCES workspace ON DELETE CASCADE;

    -- A data set by the name that events of a workspace (or of the whole tenant) give it.
    CREATE TABLE lineage_dataset (
      id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      workspace_id uuid REFERENCES workspace ON DELETE CASCADE,
      namespace    text NOT NULL,
      name         text NOT NULL,
      -- By facet, the latest: {"at": its event's time, "digest": .., "facet": ..}.
      facets       jsonb NOT NULL DEFAULT '{}',
      -- What the name stands for; null while that is to be looked for.
      node_id      bigint REFERENCES lineage_node ON DELETE SET NULL,
      -- It stands for an entity of the map.
      known        boolean NOT NULL DEFAULT false,
      -- That entity belongs to another workspace, and is public within the tenant.
      borrowed     boolean NOT NULL DEFAULT false,
      -- What it stands for may have come, or changed.
      look_again   boolean NOT NULL DEFAULT false
    );
    CREATE UNIQUE INDEX lineage_dataset_name
      ON lineage_dataset (namespace, name, coalesce(workspace_id, '00000000-0000-0000-0000-000000000000'));
    CREATE INDEX lineage_dataset_node ON lineage_dataset (node_id);
    CREATE INDEX lineage_dataset_to_look_for ON lineage_dataset (id) WHERE look_again OR node_id IS NULL;
    CREATE INDEX lineage_dataset_borrowed ON lineage_dataset (id) WHERE borrowed;

    -- Other names of a data set, as its events say.
    CREATE TABLE lineage_symlink (
      dataset_id bigint NOT NULL REFERENCES lineage_dataset ON DELETE CASCADE,
      namespace  text NOT NULL,
      name       text NOT NULL,
      -- TABLE, LOCATION ..
      type       text NOT NULL,
      PRIMARY KEY (dataset_id, namespace, name, type)
    );
    CREATE INDEX lineage_symlink_name ON lineage_symlink (namespace, name);

    -- A run of a job, for as long as its events may still come.
    CREATE TABLE lineage_run (
      id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      process_id bigint NOT NULL REFERENCES lineage_process ON DELETE CASCADE,
      -- The run's own id; of an event without a run something that no other event has.
      key        text NOT NULL,
      state      text NOT NULL,
      started_at timestamptz,
      ended_at   timestamptz,
      -- Of its latest event, and of the state.
      event_at   timestamptz NOT NULL,
      facets     jsonb NOT NULL DEFAULT '{}',
      touched_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (process_id, key)
    );
    CREATE INDEX lineage_run_touched ON lineage_run (touched_at);

    CREATE TABLE lineage_run_dataset (
      run_id     bigint NOT NULL REFERENCES lineage_run ON DELETE CASCADE,
      dataset_id bigint NOT NULL REFERENCES lineage_dataset ON DELETE CASCADE,
      output     boolean NOT NULL,
      PRIMARY KEY (run_id, dataset_id, output)
    );

    -- From what to what a job moved data in any of its runs, by the names that its events gave: what its edges are drawn of.
    CREATE TABLE lineage_job_flow (
      process_id bigint NOT NULL REFERENCES lineage_process ON DELETE CASCADE,
      upstream   bigint NOT NULL REFERENCES lineage_dataset ON DELETE CASCADE,
      downstream bigint NOT NULL REFERENCES lineage_dataset ON DELETE CASCADE,
      seen_at    timestamptz NOT NULL,
      -- Of the latest event that told of columns; null while none did. [{"upstream": ..,"downstream": ..,"transformation": ..}]
      columns    jsonb,
      columns_at timestamptz,
      columns_of bytea,
      PRIMARY KEY (process_id, upstream, downstream)
    );
    CREATE INDEX lineage_job_flow_upstream ON lineage_job_flow (upstream);
    CREATE INDEX lineage_job_flow_downstream ON lineage_job_flow (downstream);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DELETE FROM lineage_process WHERE kind = 'job';
    DROP TABLE lineage_job_flow, lineage_run_dataset, lineage_run, lineage_symlink, lineage_dataset, lineage_namespace,
               lineage_event;
    DELETE FROM lineage_node WHERE workspace_id IS NOT NULL;
    ALTER TABLE lineage_process DROP COLUMN workspace_id;
    ALTER TABLE lineage_node DROP COLUMN workspace_id;
    CREATE UNIQUE INDEX lineage_node_external ON lineage_node (namespace, name) WHERE entity_id IS NULL;
  `);
}
