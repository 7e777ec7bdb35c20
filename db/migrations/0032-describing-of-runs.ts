import type { Knex } from 'knex';

/** Which run a table waits to be described for, what that took, and which suggestions are to be made anew. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE description_due ADD COLUMN run_id uuid REFERENCES crawl_run ON DELETE SET NULL;

    -- The run that queued the table last; none where a person did.
    ALTER TABLE description_request ADD COLUMN run_id uuid REFERENCES crawl_run ON DELETE SET NULL;
    CREATE INDEX description_request_run ON description_request (run_id, status) WHERE run_id IS NOT NULL;

    -- What asking about the tables of a run took, and what came of it.
    CREATE TABLE description_run (
      run_id      uuid PRIMARY KEY REFERENCES crawl_run ON DELETE CASCADE,
      tokens      bigint NOT NULL DEFAULT 0,
      requests    integer NOT NULL DEFAULT 0,
      failures    integer NOT NULL DEFAULT 0,
      suggestions integer NOT NULL DEFAULT 0,
      refused     integer NOT NULL DEFAULT 0
    );

    -- The model by the name in the settings, which the endpoint may tell more exactly; none where it was not kept yet.
    ALTER TABLE description_answer ADD COLUMN asked_model text,
                                   ADD COLUMN prompt_version integer NOT NULL DEFAULT 1;

    -- It stands until the model has said something else.
    ALTER TABLE description_suggestion ADD COLUMN ask_again boolean NOT NULL DEFAULT false;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE description_suggestion DROP COLUMN ask_again;
    ALTER TABLE description_answer DROP COLUMN prompt_version, DROP COLUMN asked_model;
    DROP TABLE description_run;
    ALTER TABLE description_request DROP COLUMN run_id;
    ALTER TABLE description_due DROP COLUMN run_id;
  `);
}
