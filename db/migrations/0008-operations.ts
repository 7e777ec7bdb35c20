import type { Knex } from 'knex';

/** What takes databases off the map, step by step, and databases that left it but can come back. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Work that a narrowed scope or a deleted crawler asks for. It outlives the crawler, so it names it by text too.
    CREATE TABLE operation (
      id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      kind          text NOT NULL CHECK (kind IN ('narrow_scope', 'delete_crawler')),
      crawler_id    uuid NOT NULL,
      crawler_name  text NOT NULL,
      workspace_id  uuid NOT NULL REFERENCES workspace ON DELETE CASCADE,
      -- What leaves the map, counted when it was asked for.
      removes       jsonb NOT NULL,
      status        text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'done', 'superseded')),
      -- Entities taken off the map so far.
      removed       integer NOT NULL DEFAULT 0,
      -- Why the last step failed that is being tried again.
      error         jsonb,
      requested_by  uuid REFERENCES person ON DELETE SET NULL,
      requested_at  timestamptz NOT NULL DEFAULT now(),
      started_at    timestamptz,
      -- When the last of it was off the map, and when search had forgotten it.
      cleared_at    timestamptz,
      ended_at      timestamptz
    );
    CREATE UNIQUE INDEX one_open_operation_per_crawler ON operation (crawler_id, kind) WHERE status IN ('queued', 'running');
    CREATE INDEX operation_crawler ON operation (crawler_id, requested_at DESC, id DESC);

    -- Deletions under way are asked of the engine again from here.
    INSERT INTO operation (kind, crawler_id, crawler_name, workspace_id, removes)
    SELECT 'delete_crawler', id, name, workspace_id,
           '{"databases": [], "schemas": 0, "tables": 0, "columns": 0, "descriptions": 0}'
      FROM crawler WHERE status = 'deleting';

    -- A retired database belongs to no crawler; its entities are tombstones. Whoever collects it again gets the row.
    ALTER TABLE collected_database
      ADD COLUMN retired_at timestamptz,
      ALTER COLUMN crawler_id DROP NOT NULL,
      ALTER COLUMN data_source_id DROP NOT NULL,
      ALTER COLUMN workspace_id DROP NOT NULL,
      DROP CONSTRAINT one_crawler_per_database,
      ADD CONSTRAINT retired_or_owned CHECK (
        CASE WHEN retired_at IS NULL
          THEN crawler_id IS NOT NULL AND data_source_id IS NOT NULL AND workspace_id IS NOT NULL
          ELSE crawler_id IS NULL AND retiring_at IS NOT NULL
        END
      );
    -- What a deleted workspace left is nobody's: it is not handed on, and purged with the next sweep.
    CREATE UNIQUE INDEX one_crawler_per_database ON collected_database (source_type, instance, name)
      WHERE workspace_id IS NOT NULL;
    CREATE INDEX collected_database_retired ON collected_database (id) WHERE retired_at IS NOT NULL;
  `);
}

/** What is retired goes for good: before this migration the map had no place for it. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DELETE FROM entity e USING collected_database d WHERE d.id = e.collected_database_id AND d.retired_at IS NOT NULL;
    DELETE FROM collected_database WHERE retired_at IS NOT NULL;
    DROP INDEX one_crawler_per_database, collected_database_retired;
    ALTER TABLE collected_database
      DROP CONSTRAINT retired_or_owned,
      DROP COLUMN retired_at,
      ALTER COLUMN crawler_id SET NOT NULL,
      ALTER COLUMN data_source_id SET NOT NULL,
      ALTER COLUMN workspace_id SET NOT NULL,
      ADD CONSTRAINT one_crawler_per_database UNIQUE (source_type, instance, name);
    DROP TABLE operation;
  `);
}
