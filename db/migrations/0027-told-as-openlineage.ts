import type { Knex } from 'knex';

/** Runs are told to one receiver of OpenLineage for the whole installation, beside the webhooks of workspaces. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Of no workspace: the operator's, made and removed by the settings of the workers. Its secret is the API key.
    ALTER TABLE webhook
      ALTER COLUMN workspace_id DROP NOT NULL,
      ADD COLUMN format text NOT NULL DEFAULT 'cloudevents' CHECK (format IN ('cloudevents', 'openlineage')),
      -- The namespace of the jobs that are told of as OpenLineage.
      ADD COLUMN namespace text,
      ADD CONSTRAINT webhook_openlineage CHECK (
        (format = 'openlineage') = (workspace_id IS NULL) AND (format = 'openlineage') = (namespace IS NOT NULL)
      );
    CREATE UNIQUE INDEX webhook_openlineage_once ON webhook (format) WHERE format = 'openlineage';

    -- OpenLineage is told of a run twice.
    ALTER TABLE webhook_delivery
      ADD COLUMN moment text NOT NULL DEFAULT 'end' CHECK (moment IN ('start', 'end')),
      DROP CONSTRAINT webhook_delivery_once,
      ADD CONSTRAINT webhook_delivery_once UNIQUE (webhook_id, run_id, moment);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DELETE FROM webhook WHERE format = 'openlineage';
    ALTER TABLE webhook_delivery
      DROP CONSTRAINT webhook_delivery_once,
      DROP COLUMN moment,
      ADD CONSTRAINT webhook_delivery_once UNIQUE (webhook_id, run_id);
    ALTER TABLE webhook
      DROP CONSTRAINT webhook_openlineage,
      DROP COLUMN namespace,
      DROP COLUMN format,
      ALTER COLUMN workspace_id SET NOT NULL;
  `);
}
