import type { Knex } from 'knex';

/** What people have asked of sources through workers: rows to look at, tables to read again, whether a table is there. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- A few rows of a table, masked by the worker and sealed. Never readable once it expired, and deleted soon after.
    CREATE TABLE data_preview (
      id                uuid PRIMARY KEY,
      entity_id         bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
      requested_by      uuid NOT NULL REFERENCES person ON DELETE CASCADE,
      resource_group_id text NOT NULL REFERENCES resource_group ON DELETE CASCADE,
      -- Null: the first ones.
      columns           jsonb,
      row_limit         integer NOT NULL CHECK (row_limit BETWEEN 1 AND 100),
      status            text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
      worker            text,
      error             jsonb,
      -- AES-256-GCM, bound to the id.
      sealed            bytea,
      row_count         integer,
      created_at        timestamptz NOT NULL DEFAULT now(),
      ended_at          timestamptz,
      -- When the person was first handed the rows, as the audit log has it.
      read_at           timestamptz,
      expires_at        timestamptz NOT NULL DEFAULT now() + interval '10 minutes'
    );
    CREATE INDEX data_preview_entity ON data_preview (entity_id);
    CREATE INDEX data_preview_expiry ON data_preview (expires_at);

    -- Tables that somebody asked to have read again, and what became of each.
    CREATE TABLE table_refresh (
      id           uuid PRIMARY KEY,
      requested_by uuid NOT NULL REFERENCES person ON DELETE CASCADE,
      created_at   timestamptz NOT NULL DEFAULT now(),
      ended_at     timestamptz
    );
    CREATE INDEX table_refresh_age ON table_refresh (created_at);

    CREATE TABLE table_refresh_item (
      refresh_id            uuid NOT NULL REFERENCES table_refresh ON DELETE CASCADE,
      place                 integer NOT NULL,
      -- As the person wrote it.
      asked                 text NOT NULL,
      -- Null until it is known; the run tells the rest.
      outcome               text,
      detail                jsonb NOT NULL DEFAULT '{}',
      -- The run that reads it, of the crawler that collects its database. No foreign key: the run begins later.
      run_id                uuid,
      crawler_id            uuid REFERENCES crawler ON DELETE CASCADE,
      collected_database_id bigint REFERENCES collected_database ON DELETE CASCADE,
      schema_name           text,
      table_name            text,
      -- The table on the map, where it is there before or after.
      entity_id             bigint,
      -- What the source's worker found: its key, or that it is not there.
      native_key            text,
      missing               boolean NOT NULL DEFAULT false,
      PRIMARY KEY (refresh_id, place)
    );
    CREATE INDEX table_refresh_item_run ON table_refresh_item (run_id) WHERE run_id IS NOT NULL;
    CREATE INDEX table_refresh_item_crawler ON table_refresh_item (crawler_id);
    CREATE INDEX table_refresh_item_database ON table_refresh_item (collected_database_id);

    -- Whether a source has a table, for somebody who looks for it.
    CREATE TABLE table_lookup (
      id                    uuid PRIMARY KEY,
      collected_database_id bigint NOT NULL REFERENCES collected_database ON DELETE CASCADE,
      schema_name           text,
      table_name            text NOT NULL,
      status                text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'found', 'absent', 'failed')),
      error                 jsonb,
      created_at            timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX table_lookup_age ON table_lookup (created_at);
    CREATE INDEX table_lookup_database ON table_lookup (collected_database_id);

    ALTER TABLE crawl_run DROP CONSTRAINT crawl_run_trigger_check;
    ALTER TABLE crawl_run ADD CONSTRAINT crawl_run_trigger_check
      CHECK (trigger IN ('manual', 'schedule', 'retry', 'plan', 'apply', 'revert', 'refresh'));
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE table_lookup, table_refresh_item, table_refresh, data_preview;
    UPDATE crawl_run SET trigger = 'manual' WHERE trigger = 'refresh';
    ALTER TABLE crawl_run DROP CONSTRAINT crawl_run_trigger_check;
    ALTER TABLE crawl_run ADD CONSTRAINT crawl_run_trigger_check
      CHECK (trigger IN ('manual', 'schedule', 'retry', 'plan', 'apply', 'revert'));
  `);
}
