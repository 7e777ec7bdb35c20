import type { Knex } from 'knex';

/** Runs that refer to another run: they retry what failed of it, apply what it planned, or take back what it did. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE crawl_run DROP CONSTRAINT crawl_run_trigger_check;
    ALTER TABLE crawl_run ADD CONSTRAINT crawl_run_trigger_check
      CHECK (trigger IN ('manual', 'schedule', 'retry', 'plan', 'apply', 'revert'));
    ALTER TABLE crawl_run ADD COLUMN of_run_id uuid REFERENCES crawl_run ON DELETE SET NULL;
    CREATE INDEX crawl_run_of_run ON crawl_run (of_run_id) WHERE of_run_id IS NOT NULL;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE crawl_run DROP COLUMN of_run_id;
    ALTER TABLE crawl_run DROP CONSTRAINT crawl_run_trigger_check;
    ALTER TABLE crawl_run ADD CONSTRAINT crawl_run_trigger_check CHECK (trigger IN ('manual', 'schedule', 'retry'));
  `);
}
