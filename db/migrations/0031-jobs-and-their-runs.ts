import type { Knex } from 'knex';

/** Jobs are read with their runs, and what the latest whole run of a job no longer names ends with it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE lineage_run
      -- Of its earliest event.
      ADD COLUMN first_at timestamptz,
      -- The id of the run that it is part of, as its events say.
      ADD COLUMN parent text,
      -- It named what it reads and what it writes, so that what it does not name it did not use.
      ADD COLUMN moves boolean NOT NULL DEFAULT false;
    UPDATE lineage_run
       SET first_at = least(started_at, event_at), parent = facets -> 'parent' -> 'run' ->> 'runId';
    ALTER TABLE lineage_run ALTER COLUMN first_at SET NOT NULL;
    CREATE INDEX lineage_run_latest ON lineage_run (process_id, first_at, id);
    CREATE INDEX lineage_run_whole ON lineage_run (process_id, first_at, key) WHERE state = 'COMPLETE' AND moves;
    CREATE INDEX lineage_run_part ON lineage_run (process_id, parent, first_at) WHERE parent IS NOT NULL;

    -- When a whole run began that no longer named it; null while it is the job's.
    ALTER TABLE lineage_job_flow ADD COLUMN ended_at timestamptz;
    CREATE INDEX lineage_job_flow_ended ON lineage_job_flow (ended_at) WHERE ended_at IS NOT NULL;

    CREATE INDEX lineage_process_job ON lineage_process (id) WHERE kind = 'job';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX lineage_process_job, lineage_run_latest, lineage_run_whole, lineage_run_part;
    ALTER TABLE lineage_job_flow DROP COLUMN ended_at;
    ALTER TABLE lineage_run DROP COLUMN first_at, DROP COLUMN parent, DROP COLUMN moves;
  `);
}
