import type { Knex } from 'knex';

/** What is collected, by whom, where and when: resource groups, data sources, crawlers, runs and their logs. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE resource_group (
      id           text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
      name         text NOT NULL,
      description  text,
      region       text,
      capacity_cu  numeric(10, 2) NOT NULL DEFAULT 1 CHECK (capacity_cu > 0),
      cu_per_task  numeric(10, 2) NOT NULL DEFAULT 0.25 CHECK (cu_per_task > 0),
      created_at   timestamptz NOT NULL DEFAULT now(),
      updated_at   timestamptz NOT NULL DEFAULT now(),
      version      integer NOT NULL DEFAULT 1
    );

    -- One row per living worker process and group it serves, refreshed by the worker; a stale row is a dead worker.
    CREATE TABLE worker_process (
      id                text NOT NULL,
      resource_group_id text NOT NULL REFERENCES resource_group ON DELETE CASCADE,
      host              text NOT NULL,
      addresses         text[] NOT NULL DEFAULT '{}',
      slots             integer NOT NULL,
      started_at        timestamptz NOT NULL DEFAULT now(),
      seen_at           timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (id, resource_group_id)
    );
    CREATE INDEX worker_process_group ON worker_process (resource_group_id, seen_at);

    CREATE TABLE data_source (
      id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      workspace_id  uuid NOT NULL REFERENCES workspace,
      name          text NOT NULL,
      description   text,
      type          text NOT NULL,
      -- The instance part of every guid; it stays when the address changes, so that a moved server keeps its map.
      instance      text NOT NULL,
      environment   text NOT NULL CHECK (environment IN ('development', 'production')),
      region        text,
      config        jsonb NOT NULL,
      secret_sealed bytea,
      secret_refs   jsonb NOT NULL DEFAULT '{}',
      created_by    uuid REFERENCES person ON DELETE SET NULL,
      created_at    timestamptz NOT NULL DEFAULT now(),
      updated_at    timestamptz NOT NULL DEFAULT now(),
      version       integer NOT NULL DEFAULT 1,
      CONSTRAINT data_source_name_unique UNIQUE (workspace_id, name)
    );

    CREATE TABLE crawler (
      id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      workspace_id      uuid NOT NULL REFERENCES workspace,
      data_source_id    uuid NOT NULL REFERENCES data_source,
      resource_group_id text NOT NULL REFERENCES resource_group,
      name              text NOT NULL,
      kind              text NOT NULL DEFAULT 'custom' CHECK (kind IN ('custom', 'builtin')),
      status            text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'deleting')),
      plan              jsonb NOT NULL DEFAULT '{"mode": "manual"}',
      paused            boolean NOT NULL DEFAULT false,
      pause_note        text,
      options           jsonb NOT NULL DEFAULT '{}',
      created_by        uuid REFERENCES person ON DELETE SET NULL,
      created_at        timestamptz NOT NULL DEFAULT now(),
      updated_at        timestamptz NOT NULL DEFAULT now(),
      version           integer NOT NULL DEFAULT 1,
      CONSTRAINT crawler_name_unique UNIQUE (workspace_id, name)
    );
    CREATE INDEX crawler_data_source ON crawler (data_source_id);

    -- A database in some crawler's scope, and what the map knows of it as a whole.
    -- The unique index is the rule "a database belongs to one crawler": it holds for the physical database,
    -- so two data sources that name the same instance cannot both collect it.
    CREATE TABLE collected_database (
      id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      crawler_id      uuid NOT NULL REFERENCES crawler ON DELETE CASCADE,
      data_source_id  uuid NOT NULL REFERENCES data_source,
      workspace_id    uuid NOT NULL REFERENCES workspace,
      source_type     text NOT NULL,
      instance        text NOT NULL,
      name            text NOT NULL,
      visibility      text NOT NULL DEFAULT 'workspace' CHECK (visibility IN ('tenant', 'workspace')),
      -- Who the server said it was at the last complete listing: native ids mean nothing on another server.
      server_identity text,
      last_run_id     uuid,
      last_complete_at timestamptz,
      full_read_at    timestamptz,
      table_count     integer,
      -- Set when the scope was narrowed: no longer collected, and deleted once the map is empty of it.
      retiring_at     timestamptz,
      created_at      timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT one_crawler_per_database UNIQUE (source_type, instance, name)
    );
    CREATE INDEX collected_database_crawler ON collected_database (crawler_id);

    CREATE TABLE crawl_run (
      id               uuid PRIMARY KEY,
      number           bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
      crawler_id       uuid NOT NULL REFERENCES crawler ON DELETE CASCADE,
      workspace_id     uuid NOT NULL REFERENCES workspace,
      trigger          text NOT NULL CHECK (trigger IN ('manual', 'schedule', 'retry')),
      requested_by     uuid REFERENCES person ON DELETE SET NULL,
      status           text NOT NULL CHECK (status IN ('queued', 'running', 'stopping', 'succeeded', 'partial', 'failed', 'stopped', 'terminated', 'skipped')),
      workflow_run_id  text UNIQUE,
      queued_at        timestamptz NOT NULL DEFAULT now(),
      started_at       timestamptz,
      ended_at         timestamptz,
      stop_requested_by uuid REFERENCES person ON DELETE SET NULL,
      stop_requested_at timestamptz,
      resource_group_id text,
      cu               numeric(10, 2),
      cu_hours         numeric(14, 6),
      counts           jsonb NOT NULL DEFAULT '{}',
      error            jsonb,
      -- The last outbox entry this run wrote; the run is searchable when the outbox holds nothing older.
      outbox_mark      bigint,
      searchable_at    timestamptz,
      config           jsonb NOT NULL DEFAULT '{}'
    );
    CREATE UNIQUE INDEX one_open_run_per_crawler ON crawl_run (crawler_id) WHERE status IN ('queued', 'running', 'stopping');
    CREATE INDEX crawl_run_crawler ON crawl_run (crawler_id, number DESC);
    CREATE INDEX crawl_run_workspace ON crawl_run (workspace_id, number DESC);

    CREATE FUNCTION crawl_run_moves_forward() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.status <> NEW.status AND (
           OLD.status NOT IN ('queued', 'running', 'stopping')
        OR (OLD.status = 'running' AND NEW.status = 'queued')
        OR (OLD.status = 'stopping' AND NEW.status IN ('queued', 'running'))
      ) THEN
        RAISE EXCEPTION 'run % cannot go from % to %', OLD.id, OLD.status, NEW.status USING ERRCODE = 'check_violation';
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER crawl_run_status BEFORE UPDATE OF status ON crawl_run FOR EACH ROW EXECUTE FUNCTION crawl_run_moves_forward();

    CREATE TABLE crawl_unit (
      run_id          uuid NOT NULL REFERENCES crawl_run ON DELETE CASCADE,
      unit            integer NOT NULL,
      collected_database_id bigint REFERENCES collected_database ON DELETE SET NULL,
      database_name   text NOT NULL,
      status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'collecting', 'collected', 'publishing', 'done', 'partial', 'failed', 'stopped')),
      -- The fence: only the attempt that holds this number may stage or publish.
      attempt         integer NOT NULL DEFAULT 0,
      worker          text,
      cursor          text,
      pages_staged    integer NOT NULL DEFAULT 0,
      tables_total    integer,
      tables_done     integer NOT NULL DEFAULT 0,
      counts          jsonb NOT NULL DEFAULT '{}',
      receipt         jsonb,
      error           jsonb,
      started_at      timestamptz,
      ended_at        timestamptz,
      PRIMARY KEY (run_id, unit)
    );

    -- One object that could not be read whole, or was kept as it was, and why. Never fails the rest of a run.
    CREATE TABLE crawl_problem (
      run_id        uuid NOT NULL REFERENCES crawl_run ON DELETE CASCADE,
      id            bigint GENERATED ALWAYS AS IDENTITY,
      unit          integer,
      level         text NOT NULL CHECK (level IN ('warning', 'error')),
      schema_name   text,
      object_name   text,
      code          text NOT NULL,
      message       text NOT NULL,
      remedy        text,
      PRIMARY KEY (run_id, id)
    );

    CREATE SEQUENCE run_log_seq;
    CREATE TABLE run_log (
      run_id  uuid NOT NULL REFERENCES crawl_run ON DELETE CASCADE,
      seq     bigint NOT NULL DEFAULT nextval('run_log_seq'),
      at      timestamptz NOT NULL DEFAULT clock_timestamp(),
      level   text NOT NULL CHECK (level IN ('debug', 'info', 'warn', 'error')),
      step    text NOT NULL,
      unit    integer,
      message text NOT NULL,
      fields  jsonb NOT NULL DEFAULT '{}',
      PRIMARY KEY (run_id, seq)
    );

    -- Results of short jobs that ran on a resource group's worker on a person's behalf.
    CREATE TABLE connection_test (
      id                uuid PRIMARY KEY,
      data_source_id    uuid NOT NULL REFERENCES data_source ON DELETE CASCADE,
      resource_group_id text NOT NULL REFERENCES resource_group ON DELETE CASCADE,
      requested_by      uuid REFERENCES person ON DELETE SET NULL,
      source_version    integer NOT NULL,
      status            text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'passed', 'failed', 'cancelled')),
      worker            text,
      steps             jsonb NOT NULL DEFAULT '[]',
      created_at        timestamptz NOT NULL DEFAULT now(),
      ended_at          timestamptz
    );
    CREATE INDEX connection_test_source ON connection_test (data_source_id, created_at DESC);

    CREATE TABLE database_listing (
      id                uuid PRIMARY KEY,
      data_source_id    uuid NOT NULL REFERENCES data_source ON DELETE CASCADE,
      resource_group_id text NOT NULL REFERENCES resource_group ON DELETE CASCADE,
      status            text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'done', 'failed')),
      databases         jsonb NOT NULL DEFAULT '[]',
      error             jsonb,
      created_at        timestamptz NOT NULL DEFAULT now(),
      ended_at          timestamptz
    );

    -- Replies to requests that carried an Idempotency-Key, kept for a day.
    CREATE TABLE idempotent_reply (
      person_id   uuid NOT NULL REFERENCES person ON DELETE CASCADE,
      key         text NOT NULL,
      fingerprint text NOT NULL,
      status      integer,
      body        jsonb,
      headers     jsonb NOT NULL DEFAULT '{}',
      created_at  timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (person_id, key)
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE idempotent_reply, database_listing, connection_test, run_log, crawl_problem, crawl_unit, crawl_run,
      collected_database, crawler, data_source, worker_process, resource_group;
    DROP SEQUENCE run_log_seq;
    DROP FUNCTION crawl_run_moves_forward;
  `);
}
