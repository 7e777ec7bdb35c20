import type { Knex } from 'knex';

/** Runs that publish nothing: a unit of theirs ends as planned, its staged rows stay, and what they would do is listed. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE crawl_unit DROP CONSTRAINT crawl_unit_status_check;
    ALTER TABLE crawl_unit ADD CONSTRAINT crawl_unit_status_check CHECK (status IN (
      'pending', 'collecting', 'collected', 'publishing', 'planned', 'done', 'partial', 'failed', 'stopped'
    ));

    -- What became of the change set of a run of trigger 'plan' that ended well. While it is open its staged rows stay.
    CREATE TABLE crawl_plan (
      run_id         uuid PRIMARY KEY REFERENCES crawl_run ON DELETE CASCADE,
      crawler_id     uuid NOT NULL REFERENCES crawler ON DELETE CASCADE,
      state          text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'applied', 'discarded', 'outdated')),
      note           text,
      applied_run_id uuid REFERENCES crawl_run ON DELETE SET NULL,
      created_at     timestamptz NOT NULL DEFAULT now(),
      settled_at     timestamptz
    );
    CREATE INDEX crawl_plan_open ON crawl_plan (crawler_id) WHERE state = 'open';

    -- What publishing would do to each entity. What would be new has no entity yet, and no native key what would go.
    CREATE TABLE plan_change (
      run_id       uuid NOT NULL REFERENCES crawl_run ON DELETE CASCADE,
      id           bigint GENERATED ALWAYS AS IDENTITY,
      unit         integer NOT NULL,
      change       text NOT NULL CHECK (change IN ('added', 'changed', 'removed', 'restored', 'held')),
      entity_id    bigint,
      native_key   text,
      -- Of the staged row, which is found by it.
      page         integer,
      from_version integer,
      to_version   integer,
      guid         text NOT NULL,
      kind         text NOT NULL,
      type         text NOT NULL,
      schema_name  text,
      name         text NOT NULL,
      PRIMARY KEY (run_id, id)
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE plan_change, crawl_plan;
    UPDATE crawl_unit SET status = 'stopped' WHERE status = 'planned';
    ALTER TABLE crawl_unit DROP CONSTRAINT crawl_unit_status_check;
    ALTER TABLE crawl_unit ADD CONSTRAINT crawl_unit_status_check CHECK (status IN (
      'pending', 'collecting', 'collected', 'publishing', 'done', 'partial', 'failed', 'stopped'
    ));
  `);
}
