import type { Knex } from 'knex';

/** A run in flight can be paused: who did it, when and why. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE crawl_run
      ADD COLUMN paused_at timestamptz,
      ADD COLUMN paused_by uuid REFERENCES person ON DELETE SET NULL,
      ADD COLUMN pause_note text;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`ALTER TABLE crawl_run DROP COLUMN paused_at, DROP COLUMN paused_by, DROP COLUMN pause_note;`);
}
