import type { Knex } from 'knex';

/** Who is told over HTTP of what runs change, and how far each has been told. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE webhook (
      id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      workspace_id uuid NOT NULL REFERENCES workspace ON DELETE CASCADE,
      name         text NOT NULL,
      url          text NOT NULL,
      events       text[] NOT NULL,
      -- Only of this crawler's runs; null for all of the workspace.
      crawler_id   uuid REFERENCES crawler ON DELETE CASCADE,
      secret       bytea NOT NULL,
      enabled      boolean NOT NULL DEFAULT true,
      -- Why it was turned off, where Datamap did.
      disabled_because jsonb,
      version      integer NOT NULL DEFAULT 1,
      created_by   uuid REFERENCES person ON DELETE SET NULL,
      created_at   timestamptz NOT NULL DEFAULT now(),
      updated_at   timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT webhook_name_unique UNIQUE (workspace_id, name)
    );

    -- One for each run that a webhook is to be told of, written where the run ends: neither is there without the other.
    CREATE TABLE webhook_delivery (
      id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      webhook_id uuid NOT NULL REFERENCES webhook ON DELETE CASCADE,
      -- Null for a message that somebody sent to try it out.
      run_id     uuid REFERENCES crawl_run ON DELETE CASCADE,
      status     text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'delivered', 'failed')),
      -- The last entity whose change was told.
      cursor     bigint NOT NULL DEFAULT 0,
      events     integer NOT NULL DEFAULT 0,
      attempts   integer NOT NULL DEFAULT 0,
      error      jsonb,
      created_at timestamptz NOT NULL DEFAULT now(),
      tried_at   timestamptz,
      ended_at   timestamptz,
      CONSTRAINT webhook_delivery_once UNIQUE (webhook_id, run_id)
    );
    CREATE INDEX webhook_delivery_waiting ON webhook_delivery (webhook_id, id) WHERE status = 'waiting';
    CREATE INDEX webhook_delivery_run ON webhook_delivery (run_id);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE webhook_delivery, webhook');
}
