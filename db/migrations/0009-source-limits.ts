import type { Knex } from 'knex';

/** What a source's server may be asked for at once, over all workers, and what one run may be held to. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE data_source ADD COLUMN limits jsonb NOT NULL DEFAULT '{}';

    -- Who holds connections to a server now. A worker that dies stops renewing, and its connections count no longer
    -- once they expire.
    CREATE TABLE source_lease (
      id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      source_type    text NOT NULL,
      instance       text NOT NULL,
      data_source_id uuid NOT NULL REFERENCES data_source ON DELETE CASCADE,
      -- Null for a connection test or a listing for a person.
      run_id         uuid REFERENCES crawl_run ON DELETE CASCADE,
      connections    integer NOT NULL DEFAULT 1,
      worker         text NOT NULL,
      acquired_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
      expires_at     timestamptz NOT NULL
    );
    CREATE INDEX source_lease_server ON source_lease (source_type, instance);
    CREATE INDEX source_lease_run ON source_lease (run_id) WHERE run_id IS NOT NULL;

    -- When the next statement under a limit may be sent: one row for a server, one for a run that is throttled.
    CREATE TABLE source_pace (
      key     text PRIMARY KEY,
      run_id  uuid REFERENCES crawl_run ON DELETE CASCADE,
      next_at timestamptz NOT NULL
    );
    CREATE INDEX source_pace_run ON source_pace (run_id) WHERE run_id IS NOT NULL;

    ALTER TABLE crawl_run
      ADD COLUMN throttle jsonb,
      -- Set for a run that was started in a quiet window all the same.
      ADD COLUMN despite_quiet_hours boolean NOT NULL DEFAULT false;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE crawl_run DROP COLUMN throttle, DROP COLUMN despite_quiet_hours;
    DROP TABLE source_pace, source_lease;
    ALTER TABLE data_source DROP COLUMN limits;
  `);
}
