import type { Knex } from 'knex';

/** Removals that wait for a person, what a database was last read as, and the bounds past which removals are held. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Null: the bounds of the installation. A database's own stand above its crawler's.
    ALTER TABLE crawler ADD COLUMN removal_guard jsonb;
    ALTER TABLE collected_database ADD COLUMN removal_guard jsonb;

    -- What the last listing that could decide on removals was read as: another answer now holds them.
    ALTER TABLE collected_database ADD COLUMN read_as text;
    ALTER TABLE collected_database ADD COLUMN privileges text;
    -- The database's own number at its server; another one is another database of the same name.
    ALTER TABLE collected_database ADD COLUMN database_identity text;
    -- How far the server's history had come: a standby that is not there yet shows the past.
    ALTER TABLE collected_database ADD COLUMN history_position numeric;

    -- Tables that one or more runs found missing and did not take off the map. One of a database at a time is open.
    CREATE TABLE held_removal (
      id                    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      crawler_id            uuid NOT NULL REFERENCES crawler ON DELETE CASCADE,
      collected_database_id bigint NOT NULL REFERENCES collected_database ON DELETE CASCADE,
      workspace_id          uuid NOT NULL REFERENCES workspace,
      -- The run that held them, and the last that found them missing still.
      run_id                uuid REFERENCES crawl_run ON DELETE SET NULL,
      last_run_id           uuid REFERENCES crawl_run ON DELETE SET NULL,
      status                text NOT NULL DEFAULT 'held'
        CHECK (status IN ('held', 'approved', 'rejected', 'expired', 'superseded')),
      cause                 jsonb NOT NULL,
      -- Of how many on the map.
      tables                integer NOT NULL DEFAULT 0,
      tables_of             integer NOT NULL,
      removed               integer NOT NULL DEFAULT 0,
      held_at               timestamptz NOT NULL DEFAULT now(),
      expires_at            timestamptz NOT NULL,
      decided_at            timestamptz,
      decided_by            uuid REFERENCES person ON DELETE SET NULL,
      note                  text,
      -- When what was decided had been done; until then a workflow is owed to it.
      settled_at            timestamptz
    );
    CREATE UNIQUE INDEX one_open_hold_per_database ON held_removal (collected_database_id) WHERE status = 'held';
    CREATE INDEX held_removal_database ON held_removal (collected_database_id);
    CREATE INDEX held_removal_crawler ON held_removal (crawler_id, held_at DESC, id DESC);
    CREATE INDEX held_removal_listing ON held_removal (held_at DESC, id DESC);
    CREATE INDEX held_removal_unsettled ON held_removal (id) WHERE settled_at IS NULL;

    CREATE TABLE held_removal_object (
      held_removal_id uuid NOT NULL REFERENCES held_removal ON DELETE CASCADE,
      entity_id       bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
      state           text NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'shown', 'removed', 'moved')),
      PRIMARY KEY (held_removal_id, entity_id)
    );
    CREATE UNIQUE INDEX held_once ON held_removal_object (entity_id) WHERE state = 'held';
    CREATE INDEX held_removal_object_entity ON held_removal_object (entity_id);

    CREATE INDEX entity_removed ON entity (removed_at DESC, id DESC) WHERE removed_at IS NOT NULL;
    CREATE INDEX entity_removed_database ON entity (collected_database_id, removed_at) WHERE removed_at IS NOT NULL;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX entity_removed, entity_removed_database;
    DROP TABLE held_removal_object, held_removal;
    ALTER TABLE collected_database
      DROP COLUMN removal_guard, DROP COLUMN read_as, DROP COLUMN privileges, DROP COLUMN database_identity,
      DROP COLUMN history_position;
    ALTER TABLE crawler DROP COLUMN removal_guard;
  `);
}
